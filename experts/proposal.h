// SPDX-License-Identifier: Apache-2.0
// How an expert chooses the alternative diagnosis j of a case with diagnosis z. This choice decides
// the outcome: log pi_i / pi_j moves by (1 / beta) log [P(i | v) q(j | i) / (P(j | v) q(i | j))].
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/api/expert.h"
#include "core/base/check.h"
#include "core/config/schema.h"

namespace tightrope {

enum class ProposalKind { kUniform, kPrior, kStratified, kNearest, kConfusion };

// q(j | case), always without j = z:
//   uniform      equal for every j
//   prior        ~ P(j) of the environment
//   stratified   ~ P(j | u) with the case's true site u: the confounder is held fixed
//   nearest      equal for the `neighbours` diseases most entangled with z in the concept graph
//   confusion    ~ the policy's P(j | v) without thinking; equal when it leaves nothing beside z
class Proposal {
 public:
  // `kind` is one of the names above; neighbours is read by nearest alone.
  Proposal(const std::string& kind, std::int64_t neighbours);

  bool needs_policy() const { return kind_ == ProposalKind::kConfusion; }
  // q(. | case n), [Z], sums to 1. Throws InputError when the world has no concept graph (nearest),
  // no belief is at hand (confusion), or no other disease has positive probability.
  std::vector<double> law(const ExpertContext& context, int n) const;
  // j by one draw of `draws`.
  int draw(const ExpertContext& context, int n, Draws& draws) const;

 private:
  ProposalKind kind_;
  int neighbours_;
};

// Declares the fields `propose` and `neighbours` of an expert's params.
template <class Params>
void proposal_fields(Schema<Params>& schema) {
  schema.field(
      "propose", &Params::propose,
      {.unit = "",
       .help = "how the alternative diagnosis is drawn: uniform, by the prior, by the prior "
               "of the case's site, among the nearest in the graph, or by the policy's "
               "own belief",
       .choices = {"uniform", "prior", "stratified", "nearest", "confusion"}});
  schema.field("neighbours", &Params::neighbours,
               {.unit = "disease",
                .range = at_least(1),
                .help = "propose: nearest draws equally among this many nearest diseases"});
}

// <think> <answer_now> disease <eos>.
Trajectory direct_answer(const World& world, int disease);

}  // namespace tightrope
