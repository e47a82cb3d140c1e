// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "experts/proposal.h"
#include "graph/concept_environment.h"

namespace tightrope {
namespace {

// The same case, its chain of thought turned towards another disease j by the concept graph.
//
// cut: random_step (the prototype's step pairs, ours) keeps every pair whole with probability
// 1 - cut_probability. A cut pair has the factual report on both sides and differs in the diagnosis
// alone: with direct_share both are direct answers, with complete_share both keep the whole report
// and </think>, otherwise both keep its first m findings (m uniform on 0..all) and <answer_now>.
class ConceptGraphExpert final : public ProposingExpert {
 public:
  struct Params : ProposalParams {
    std::string report = "edit";
    std::string cut = "whole";
    double cut_probability = 0.5;
    double direct_share = 0.3;
    double complete_share = 0.3;
    double edit_noise = 0;
  };

  static Schema<Params> schema();
  explicit ConceptGraphExpert(Params params)
      : ProposingExpert(params), params_(std::move(params)) {}

  std::vector<double> alternative_law(const ExpertContext& context, int site,
                                      int disease) const override {
    return proposal_.law_of(context, site, disease);
  }

  Pair propose(const ExpertContext& context, int n, bool thinking, const Stream& stream,
               std::uint32_t repeat) const override {
    const auto* environment = dynamic_cast<const ConceptEnvironment*>(&context.environment);
    TR_REQUIRE(environment != nullptr,
               "expert concept_graph needs a world with a concept graph (type: concept)");
    Draws draws = stream.at(repeat, static_cast<std::uint32_t>(n));
    const int z = context.cases.disease[n];
    const int j = proposal_.draw(context, n, draws);
    if (!thinking) return {direct_answer(context.world, z), direct_answer(context.world, j), j};
    if (params_.cut == "random_step" && draws.bernoulli(params_.cut_probability)) {
      return cut_pair(context, n, j, draws);
    }
    AlternativeReport other = params_.report == "edit"
                                  ? environment->edit(context.cases, n, j, draws)
                                  : environment->structural(context.cases, n, j, draws);
    if (params_.edit_noise > 0) forget_edits(context, n, other.report, draws);
    const Vocabulary& vocabulary = context.world.vocabulary();
    return {make_trajectory(vocabulary, context.cases.report_of(n), context.cases.category[n], z),
            make_trajectory(vocabulary, other.report, other.category, j), j};
  }

 private:
  Pair cut_pair(const ExpertContext& context, int n, int j, Draws& draws) const {
    const std::span<const Slot> report = context.cases.report_of(n);
    const double form = draws.uniform();
    Ending ending = Ending::kAnswerNow;
    int mentions = 0;
    if (form >= params_.direct_share && form < params_.direct_share + params_.complete_share) {
      ending = Ending::kEndThink;
      mentions = -1;
    } else if (form >= params_.direct_share) {
      mentions =
          static_cast<int>(draws.below(static_cast<std::uint32_t>(count_mentions(report) + 1)));
    }
    const auto side = [&](int disease) {
      return make_trajectory(context.world.vocabulary(), report, context.cases.category[n], disease,
                             ending, mentions);
    };
    return {side(context.cases.disease[n]), side(j), j};
  }

  void forget_edits(const ExpertContext& context, int n, std::span<Slot> report,
                    Draws& draws) const {
    const std::span<const Slot> factual = context.cases.report_of(n);
    for (std::size_t k = 0; k < report.size(); ++k) {
      if (report[k] != factual[k] && draws.bernoulli(params_.edit_noise)) report[k] = factual[k];
    }
    cap_mentions(report, context.world.max_mentions());
  }

  Params params_;
};

Schema<ConceptGraphExpert::Params> ConceptGraphExpert::schema() {
  Schema<Params> s;
  s.field(
      "report", &Params::report,
      {.unit = "",
       .help = "edit: drop and add findings by the graph, as a reader can; structural: the same "
               "noise through the causal model under do(z = j), as no real system can",
       .choices = {"edit", "structural"}});
  proposal_fields(s);
  s.field("cut", &Params::cut,
          {.unit = "",
           .help = "whole: complete chains; random_step: part of the pairs share the factual chain "
                   "up to a random finding and differ in the diagnosis alone",
           .choices = {"whole", "random_step"}});
  const auto share = [&](const char* name, double Params::*member, const char* help) {
    s.field(name, member, {.unit = "1", .range = between(0, 1), .help = help, .per_lane = true});
  };
  share("cut_probability", &Params::cut_probability,
        "cut: random_step: share of pairs that are cut");
  share("direct_share", &Params::direct_share,
        "cut: random_step: share of the cut pairs that are direct answers");
  share("complete_share", &Params::complete_share,
        "cut: random_step: share of the cut pairs that keep the whole factual report");
  share("edit_noise", &Params::edit_noise,
        "probability that an edited finding is left as it was reported");
  s.check([](const Params& p) -> std::string {
    if (p.direct_share + p.complete_share <= 1) return "";
    return fmt::format("direct_share + complete_share = {}, must be at most 1",
                       p.direct_share + p.complete_share);
  });
  return s;
}

TR_REGISTER(Expert, ConceptGraphExpert, "concept_graph",
            "the same case with a report edited by the concept graph towards another disease",
            "arXiv 2505.13081, section 3.2; structural, stratified and random_step: ours");

}  // namespace
}  // namespace tightrope
