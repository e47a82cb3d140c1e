// SPDX-License-Identifier: Apache-2.0
// Counterfactual perception (arXiv 2604.15705): the same text under another image. The chosen side
// is the factual trajectory under the case's image, the rejected one the same trajectory under the
// image the case would have with disease j: the same noise through the causal model under
// do(z = j), what a generative image model is asked for. Text and diagnosis are held fixed.
#include "experts/proposal.h"
#include "graph/concept_environment.h"

namespace tightrope {
namespace {

class PerceptionExpert final : public ProposingExpert {
 public:
  struct Params : ProposalParams {};

  static Schema<Params> schema() {
    Schema<Params> s;
    proposal_fields(s);
    return s;
  }
  explicit PerceptionExpert(const Params& params) : ProposingExpert(params) {}

  Pair propose(const ExpertContext& context, int n, bool thinking, const Stream& stream,
               std::uint32_t repeat) const override {
    const auto* environment = dynamic_cast<const ConceptEnvironment*>(&context.environment);
    TR_REQUIRE(environment != nullptr,
               "expert perception needs a world with a concept graph (type: concept)");
    Draws draws = stream.at(repeat, static_cast<std::uint32_t>(n));
    Pair pair;
    pair.rejected_disease = proposal_.draw(context, n, draws);
    pair.source = PairSource::kPerception;
    pair.rejected_image =
        environment->structural_image(context.cases, n, pair.rejected_disease, draws);
    pair.chosen = factual(context, n, thinking);
    pair.rejected = pair.chosen;
    return pair;
  }
};

TR_REGISTER(Expert, PerceptionExpert, "perception",
            "the same report and diagnosis under the image of another disease",
            "arXiv 2604.15705, counterfactual perception; structural images: ours");

}  // namespace
}  // namespace tightrope
