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

enum class ProposalKind { kUniform, kPrior, kStratified, kEstimated, kNearest, kConfusion };

// q(j | case), always without j = z:
//   uniform      equal for every j
//   prior        ~ P(j) of the environment
//   stratified   ~ P(j | u) with the case's true site u: the confounder is held fixed
//   estimated    ~ P(j | estimated stratum of the case), strata from the reports' words alone
//                (latent_classes.h): what a practitioner could do
//   nearest      equal for the `neighbours` diseases most entangled with z in the concept graph
//   confusion    ~ the policy's P(j | v) without thinking; equal when it leaves nothing beside z
class Proposal {
 public:
  // `params` has the fields of proposal_fields().
  template <class Params>
  explicit Proposal(const Params& params)
      : Proposal(params.propose, params.neighbours, params.strata) {}
  Proposal(const std::string& kind, std::int64_t neighbours, std::int64_t strata = 3);

  bool needs_policy() const { return kind_ == ProposalKind::kConfusion; }
  // Expert::prepare(): the strata, for estimated alone.
  std::shared_ptr<const ExpertData> prepare(const ExpertContext& context) const;
  // q(. | case n), [Z], sums to 1. Throws InputError when the world has no concept graph (nearest),
  // no belief is at hand (confusion), or no other disease has positive probability.
  std::vector<double> law(const ExpertContext& context, int n) const;
  // j by one draw of `draws`.
  int draw(const ExpertContext& context, int n, Draws& draws) const;

 private:
  std::vector<double> estimated_weights(const ExpertContext& context, int n) const;

  ProposalKind kind_;
  int neighbours_;
  int strata_;
};

// Declares the fields `propose` and `neighbours` of an expert's params.
template <class Params>
void proposal_fields(Schema<Params>& schema) {
  schema.field(
      "propose", &Params::propose,
      {.unit = "",
       .help = "how the alternative diagnosis is drawn: uniform, by the prior, by the prior "
               "of the case's site, by that of its estimated stratum, among the nearest in the "
               "graph, or by the policy's own belief",
       .choices = {"uniform", "prior", "stratified", "estimated", "nearest", "confusion"}});
  schema.field("neighbours", &Params::neighbours,
               {.unit = "disease",
                .range = at_least(1),
                .help = "propose: nearest draws equally among this many nearest diseases"});
  schema.field("strata", &Params::strata,
               {.unit = "1",
                .range = between(1, 64),
                .help = "propose: estimated: number of latent classes of the reports' words"});
}

// <think> <answer_now> disease <eos>.
Trajectory direct_answer(const World& world, int disease);

}  // namespace tightrope
