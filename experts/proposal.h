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

// The options of a proposal, as they are written in YAML; an expert's Params derives.
struct ProposalParams {
  std::string propose = "nearest";
  std::int64_t neighbours = 2;
  std::int64_t strata = 3;
};

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
  explicit Proposal(const ProposalParams& params)
      : Proposal(params.propose, params.neighbours, params.strata) {}
  Proposal(const std::string& kind, std::int64_t neighbours,
           std::int64_t strata = ProposalParams().strata);

  bool needs_policy() const { return kind_ == ProposalKind::kConfusion; }
  // Expert::prepare(): the strata, for estimated alone.
  std::shared_ptr<const ExpertData> prepare(const ExpertContext& context) const;
  // q(. | case n), [Z], sums to 1. Throws InputError when the world has no concept graph (nearest),
  // no belief is at hand (confusion), or no other disease has positive probability.
  std::vector<double> law(const ExpertContext& context, int n) const;
  // The same for any case of disease i at site u; empty where it depends on more than these.
  std::vector<double> law_of(const ExpertContext& context, int site, int disease) const;
  // j by one draw of `draws`.
  int draw(const ExpertContext& context, int n, Draws& draws) const;

 private:
  std::vector<double> estimated_weights(const ExpertContext& context, int n) const;

  ProposalKind kind_;
  int neighbours_;
  int strata_;
};

// Adds the options; `Params` derives from ProposalParams.
template <class Params>
void proposal_fields(Schema<Params>& schema) {
  schema.field(
      "propose", static_cast<std::string Params::*>(&Params::propose),
      {.unit = "",
       .help = "how the alternative diagnosis is drawn: uniform, by the prior, by the prior "
               "of the case's site, by that of its estimated stratum, among the nearest in the "
               "graph, or by the policy's own belief",
       .choices = {"uniform", "prior", "stratified", "estimated", "nearest", "confusion"}});
  schema.field("neighbours", static_cast<std::int64_t Params::*>(&Params::neighbours),
               {.unit = "disease",
                .range = at_least(1),
                .help = "propose: nearest draws equally among this many nearest diseases"});
  schema.field("strata", static_cast<std::int64_t Params::*>(&Params::strata),
               {.unit = "1",
                .range = between(1, 64),
                .help = "propose: estimated: number of latent classes of the reports' words"});
}

// An expert whose alternative diagnosis a proposal draws.
class ProposingExpert : public Expert {
 public:
  bool needs_policy() const final { return proposal_.needs_policy(); }
  std::shared_ptr<const ExpertData> prepare(const ExpertContext& context) const final {
    return proposal_.prepare(context);
  }

 protected:
  explicit ProposingExpert(const ProposalParams& params) : proposal_(params) {}
  Proposal proposal_;
};

// <think> <answer_now> disease <eos>.
Trajectory direct_answer(const World& world, int disease);

// What case n itself says: its report and diagnosis, or the diagnosis alone.
Trajectory factual(const ExpertContext& context, int n, bool thinking);

}  // namespace tightrope
