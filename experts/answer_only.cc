// SPDX-License-Identifier: Apache-2.0
#include "experts/proposal.h"

namespace tightrope {
namespace {

// The same report with another diagnosis: the chain of thought is held fixed.
class AnswerOnlyExpert final : public ProposingExpert {
 public:
  struct Params : ProposalParams {};

  static Schema<Params> schema() {
    Schema<Params> s;
    proposal_fields(s);
    return s;
  }
  explicit AnswerOnlyExpert(const Params& params) : ProposingExpert(params) {}

  std::vector<double> alternative_law(const ExpertContext& context, int site,
                                      int disease) const override {
    return proposal_.law_of(context, site, disease);
  }

  Pair propose(const ExpertContext& context, int n, bool thinking, const Stream& stream,
               std::uint32_t repeat) const override {
    Draws draws = stream.at(repeat, static_cast<std::uint32_t>(n));
    const int j = proposal_.draw(context, n, draws);
    const auto side = [&](int disease) {
      if (!thinking) return direct_answer(context.world, disease);
      return make_trajectory(context.world.vocabulary(), context.cases.report_of(n),
                             context.cases.category[n], disease);
    };
    return {side(context.cases.disease[n]), side(j), j};
  }
};

TR_REGISTER(Expert, AnswerOnlyExpert, "answer_only", "the same report with another diagnosis",
            "ours (control)");

}  // namespace
}  // namespace tightrope
