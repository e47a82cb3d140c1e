// SPDX-License-Identifier: Apache-2.0
// A control: the same findings in other words with another diagnosis. Each reported synonym is
// exchanged with probability `swap`; the diagnosis j is drawn by the environment's prior. What a
// preference learns from it is style and answer, never findings. Draws from stream.at(repeat, n).
// The example of docs/adding-an-expert.md.
#include "experts/proposal.h"

namespace tightrope {
namespace {

class SynonymSwap final : public Expert {
 public:
  struct Params {
    double swap = 1;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("swap", &Params::swap,
            {.unit = "1", .range = between(0, 1), .help = "share of synonyms exchanged"});
    return s;
  }
  explicit SynonymSwap(const Params& params) : swap_(params.swap), proposal_("prior", 1) {}

  Pair propose(const ExpertContext& context, int n, bool thinking, const Stream& stream,
               std::uint32_t repeat) const override {
    Draws draws = stream.at(repeat, static_cast<std::uint32_t>(n));
    const Cases& cases = context.cases;
    const int z = cases.disease[n];
    const int j = proposal_.draw(context, n, draws);
    if (!thinking) return {direct_answer(context.world, z), direct_answer(context.world, j), j};

    const std::span<const Slot> report = cases.report_of(n);
    std::vector<Slot> swapped(report.begin(), report.end());
    for (Slot& slot : swapped) {
      if (slot != Slot::kSynonym0 && slot != Slot::kSynonym1) continue;
      if (!draws.bernoulli(swap_)) continue;
      slot = slot == Slot::kSynonym0 ? Slot::kSynonym1 : Slot::kSynonym0;
    }
    const Vocabulary& vocabulary = context.world.vocabulary();
    return {make_trajectory(vocabulary, report, cases.category[n], z),
            make_trajectory(vocabulary, swapped, cases.category[n], j), j};
  }

 private:
  double swap_;
  Proposal proposal_;
};

TR_REGISTER(Expert, SynonymSwap, "synonym_swap", "the same findings in other words, another answer",
            "ours (control)");

}  // namespace
}  // namespace tightrope
