// SPDX-License-Identifier: Apache-2.0
#include "experts/proposal.h"

#include <algorithm>
#include <map>

#include "experts/latent_classes.h"
#include "graph/concept_environment.h"

namespace tightrope {
namespace {

ProposalKind kind_of(const std::string& name) {
  static const std::map<std::string, ProposalKind> kinds = {
      {"uniform", ProposalKind::kUniform},       {"prior", ProposalKind::kPrior},
      {"stratified", ProposalKind::kStratified}, {"estimated", ProposalKind::kEstimated},
      {"nearest", ProposalKind::kNearest},       {"confusion", ProposalKind::kConfusion}};
  const auto found = kinds.find(name);
  TR_REQUIRE(found != kinds.end(), "unknown proposal \"{}\"", name);
  return found->second;
}

std::vector<double> nearest_weights(const ExpertContext& context, int z, int neighbours) {
  const auto* environment = dynamic_cast<const ConceptEnvironment*>(&context.environment);
  TR_REQUIRE(environment != nullptr,
             "propose: nearest needs a world with a concept graph (type: concept)");
  std::vector<double> weight(environment->graph().diseases(), 0.0);
  for (int j : environment->graph().nearest(z, neighbours)) weight[j] = 1;
  return weight;
}

std::vector<double> confusion_weights(const ExpertContext& context, int n, int z, int diseases) {
  TR_REQUIRE(static_cast<bool>(context.policy_belief),
             "propose: confusion needs the belief of a policy, none is at hand");
  std::vector<double> weight(diseases);
  context.policy_belief(n, weight);
  weight[z] = 0;
  const bool certain = std::all_of(weight.begin(), weight.end(), [](double w) { return w <= 0; });
  if (certain) weight.assign(diseases, 1.0);
  return weight;
}

struct Strata final : ExpertData {
  explicit Strata(LatentClasses c) : classes(std::move(c)) {}
  LatentClasses classes;
};

}  // namespace

Proposal::Proposal(const std::string& kind, std::int64_t neighbours, std::int64_t strata)
    : kind_(kind_of(kind)),
      neighbours_(static_cast<int>(neighbours)),
      strata_(static_cast<int>(strata)) {}

std::shared_ptr<const ExpertData> Proposal::prepare(const ExpertContext& context) const {
  if (kind_ != ProposalKind::kEstimated) return nullptr;
  return std::make_shared<const Strata>(
      fit_latent_classes(context.cases, strata_, context.world.vocabulary().diseases()));
}

std::vector<double> Proposal::estimated_weights(const ExpertContext& context, int n) const {
  std::shared_ptr<const ExpertData> own;  // where the caller did not prepare
  if (context.data == nullptr) own = prepare(context);
  const auto* strata =
      dynamic_cast<const Strata*>(context.data != nullptr ? context.data : own.get());
  TR_CHECK(strata != nullptr, "the data of another expert");
  const LatentClasses& c = strata->classes;
  const int diseases = context.world.vocabulary().diseases();
  std::vector<double> weight(diseases, 0.0);
  for (int k = 0; k < c.classes; ++k) {
    const double p = c.posterior[static_cast<std::size_t>(n) * c.classes + k];
    for (int j = 0; j < diseases; ++j) {
      weight[j] += p * c.disease[static_cast<std::size_t>(k) * diseases + j];
    }
  }
  return weight;
}

std::vector<double> Proposal::law(const ExpertContext& context, int n) const {
  const int diseases = context.world.vocabulary().diseases();
  const int z = context.cases.disease[n];
  std::vector<double> weight;
  switch (kind_) {
    case ProposalKind::kUniform:
      weight.assign(diseases, 1.0);
      break;
    case ProposalKind::kPrior:
      weight = context.environment.disease_prior();
      break;
    case ProposalKind::kStratified: {
      const std::vector<double> rows = context.environment.disease_prior_by_site();
      const auto row = rows.begin() + static_cast<std::ptrdiff_t>(context.cases.site[n]) * diseases;
      weight.assign(row, row + diseases);
      break;
    }
    case ProposalKind::kEstimated:
      weight = estimated_weights(context, n);
      break;
    case ProposalKind::kNearest:
      weight = nearest_weights(context, z, neighbours_);
      break;
    case ProposalKind::kConfusion:
      weight = confusion_weights(context, n, z, diseases);
      break;
  }
  TR_CHECK(static_cast<int>(weight.size()) == diseases, "{} weights for {} diseases", weight.size(),
           diseases);
  weight[z] = 0;
  for (const int j : context.excluded) weight[j] = 0;
  double total = 0;
  for (double w : weight) total += w;
  TR_REQUIRE(
      total > 0,
      "no disease beside {} and {} proposed before can be proposed: all have probability zero",
      context.world.vocabulary().names().diseases[z], context.excluded.size());
  for (double& w : weight) w /= total;
  return weight;
}

std::vector<double> Proposal::law_of(const ExpertContext& context, int site, int disease) const {
  if (kind_ == ProposalKind::kEstimated || kind_ == ProposalKind::kConfusion) return {};
  Cases one;
  one.resize(1, context.cases.attributes, context.cases.channels);
  one.site[0] = site;
  one.disease[0] = disease;
  return law({context.world, context.environment, one, {}}, 0);
}

int Proposal::draw(const ExpertContext& context, int n, Draws& draws) const {
  return draws.categorical(law(context, n));
}

Trajectory direct_answer(const World& world, int disease) {
  return make_trajectory(world.vocabulary(), {}, -1, disease, Ending::kAnswerNow, 0);
}

Trajectory factual(const ExpertContext& context, int n, bool thinking) {
  const Cases& cases = context.cases;
  if (!thinking) return direct_answer(context.world, cases.disease[n]);
  return make_trajectory(context.world.vocabulary(), cases.report_of(n), cases.category[n],
                         cases.disease[n]);
}

}  // namespace tightrope
