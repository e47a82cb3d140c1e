// SPDX-License-Identifier: Apache-2.0
// The policy's own mistakes: of up to `attempts` trajectories that the policy draws for the case
// the first with a wrong diagnosis is rejected; where all are right, the last one's chain with a
// wrong diagnosis drawn from the policy's belief without thinking. A control: negatives that are
// hard for this policy, whatever causes them.
#include "core/base/hash.h"
#include "experts/proposal.h"

namespace tightrope {
namespace {

class SelfExpert final : public Expert {
 public:
  struct Params {
    std::int64_t attempts = 8;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("attempts", &Params::attempts,
            {.unit = "1",
             .range = between(1, 1000),
             .help = "trajectories drawn for a case until one is wrong"});
    return s;
  }
  explicit SelfExpert(const Params& p)
      : attempts_(static_cast<int>(p.attempts)), belief_("confusion", 1) {}

  bool needs_policy() const override { return true; }

  Pair propose(const ExpertContext& context, int n, bool thinking, const Stream& stream,
               std::uint32_t repeat) const override {
    const Vocabulary& vocabulary = context.world.vocabulary();
    const int z = context.cases.disease[n];
    Draws draws = stream.at(repeat, static_cast<std::uint32_t>(n));
    Pair pair;
    pair.chosen = factual(context, n, thinking);
    if (!thinking) {
      pair.rejected_disease = belief_.draw(context, n, draws);
      pair.rejected = direct_answer(context.world, pair.rejected_disease);
      return pair;
    }
    TR_REQUIRE(static_cast<bool>(context.policy_sample),
               "expert self needs a policy to draw from, none is at hand");
    const Stream own = stream.child(hash64("self")).child(n).child(repeat);
    for (int attempt = 0; attempt < attempts_; ++attempt) {
      pair.rejected = context.policy_sample(n, own.child(static_cast<std::uint64_t>(attempt)));
      Token& answer = pair.rejected.tokens[pair.rejected.tokens.size() - 2];
      pair.rejected_disease = vocabulary.disease_of(answer);
      if (pair.rejected_disease != z) return pair;
    }
    pair.rejected_disease = belief_.draw(context, n, draws);
    pair.rejected.tokens[pair.rejected.tokens.size() - 2] =
        vocabulary.disease(pair.rejected_disease);
    return pair;
  }

 private:
  int attempts_;
  Proposal belief_;
};

TR_REGISTER(Expert, SelfExpert, "self", "the policy's own wrong trajectories",
            "ours (control); as in self-play preference data");

}  // namespace
}  // namespace tightrope
