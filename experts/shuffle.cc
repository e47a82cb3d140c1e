// SPDX-License-Identifier: Apache-2.0
// The wrong order of evidence: the rejected side has the findings and the diagnosis of the case, in
// another order than the canonical one. What a preference learns from it is form, never content.
// Only a policy whose training is not masked (policy.grammar: false) gives such a chain a
// probability. A report of fewer than two findings has no other order: its pair has equal sides and
// teaches nothing. The order is drawn from stream.at(repeat, n).
#include <algorithm>

#include "core/base/check.h"
#include "experts/proposal.h"

namespace tightrope {
namespace {

class ShuffleExpert final : public Expert {
 public:
  struct Params {};

  static Schema<Params> schema() { return {}; }
  explicit ShuffleExpert(Params) {}

  Pair propose(const ExpertContext& context, int n, bool thinking, const Stream& stream,
               std::uint32_t repeat) const override {
    TR_REQUIRE(thinking, "expert shuffle reorders reports: it needs thinking: true");
    Draws draws = stream.at(repeat, static_cast<std::uint32_t>(n));
    Pair pair;
    pair.chosen = factual(context, n, true);
    pair.rejected = pair.chosen;
    pair.rejected_disease = context.cases.disease[n];
    const Vocabulary& vocabulary = context.world.vocabulary();
    std::vector<Token>& tokens = pair.rejected.tokens;
    const auto is_finding = [&](Token token) { return vocabulary.is_finding(token); };
    const auto begin = std::find_if(tokens.begin(), tokens.end(), is_finding);
    const auto end = std::find_if_not(begin, tokens.end(), is_finding);
    const auto count = static_cast<std::uint32_t>(end - begin);
    if (count < 2) return pair;
    do {  // canonical order has ascending tokens
      for (std::uint32_t i = count - 1; i > 0; --i) {
        std::iter_swap(begin + i, begin + draws.below(i + 1));
      }
    } while (std::is_sorted(begin, end));
    return pair;
  }
};

TR_REGISTER(Expert, ShuffleExpert, "shuffle",
            "the case's own findings and diagnosis in a wrong order of evidence", "ours (control)");

}  // namespace
}  // namespace tightrope
