// SPDX-License-Identifier: Apache-2.0
// credit: first_divergence: which tokens count, and that the likelihood term does not notice.
#include "optimizers/pair_sums.h"
#include "tests/optimizers/batch.h"

namespace tightrope::optimizer_test {
namespace {

TrajectoryView view_of(Sequence& s) { return {s.mask, s.log_prob, s.reference, s.tokens, {}}; }

PartingTokens part(Sequence a, Sequence b) { return first_divergence(view_of(a), view_of(b)); }

Sequence tokens(std::vector<std::int32_t> ids, std::vector<std::uint8_t> mask) {
  Sequence s;
  s.tokens = ids;
  s.mask = mask;
  s.log_prob.assign(ids.size(), -1.0);
  s.reference.assign(ids.size(), -1.0);
  return s;
}

TEST(FirstDivergence, FirstDifferingScoredToken) {
  const PartingTokens p =
      part(tokens({0, 5, 6, 7}, {0, 1, 1, 1}), tokens({0, 5, 9, 7}, {0, 1, 1, 1}));
  EXPECT_EQ(p.chosen, 2);
  EXPECT_EQ(p.rejected, 2);
}

TEST(FirstDivergence, AnUnscoredTokenIsPassedOver) {
  // The rejected side is cut: <answer_now> (2) stands where the chosen side goes on.
  const PartingTokens p =
      part(tokens({0, 5, 6, 1, 8}, {0, 1, 1, 1, 1}), tokens({0, 5, 2, 9}, {0, 1, 0, 1}));
  EXPECT_EQ(p.chosen, 2);
  EXPECT_EQ(p.rejected, 3);
}

TEST(FirstDivergence, EqualAndPrefixSequences) {
  const Sequence a = tokens({0, 5, 6}, {0, 1, 1});
  EXPECT_EQ(part(a, a).chosen, -1);
  EXPECT_EQ(part(a, a).rejected, -1);
  const PartingTokens p = part(a, tokens({0, 5}, {0, 1}));
  EXPECT_EQ(p.chosen, 2);
  EXPECT_EQ(p.rejected, -1);
}

TEST(FirstDivergence, OnlyTheDecidingTokensGetPreferenceGradient) {
  Sequence chosen = tokens({0, 5, 6, 7}, {0, 1, 1, 1}),
           rejected = tokens({0, 5, 9, 8}, {0, 1, 1, 1});
  chosen.log_prob = {kNaN, -1, -0.5, -2};
  rejected.log_prob = {kNaN, -1, -3, -0.1};
  const auto plain = build("{type: dpo, credit: first_divergence}");
  const Outcome out = run(*plain, {{chosen, rejected}});
  const double margin = 0.1 * ((-0.5 + 1) - (-3 + 1));
  EXPECT_NEAR(out.loss, std::log1p(std::exp(-margin)), 1e-15);
  for (std::size_t t : {0, 1, 3, 4, 5, 7}) EXPECT_EQ(out.gradient[t], 0.0) << t;
  EXPECT_LT(out.gradient[2], 0);
  EXPECT_DOUBLE_EQ(out.gradient[6], -out.gradient[2]);
  // Rewards are those of whole trajectories, so that arms can be compared.
  EXPECT_NEAR(out.metrics.at("rewards/chosen").sum, 0.1 * (-3.5 + 3), 1e-15);

  const Outcome rpo =
      run(*build("{type: dpo, credit: first_divergence, rpo_alpha: 0.6}"), {{chosen, rejected}});
  for (std::size_t t = 1; t < 4; ++t) {
    EXPECT_NEAR(rpo.gradient[t] - out.gradient[t], -0.2, 1e-15) << "the whole chosen trajectory";
  }
  // One token each: averages per token are the token itself.
  const Outcome avg = run(*build("{type: dpo, credit: first_divergence, loss_type: sigmoid_norm}"),
                          {{chosen, rejected}});
  EXPECT_DOUBLE_EQ(avg.loss, out.loss);
}

TEST(FirstDivergence, EqualTrajectoriesCarryNoPreference) {
  const Sequence same = tokens({0, 5, 6}, {0, 1, 1});
  const Outcome out = run(*build("{type: dpo, credit: first_divergence}"), {{same, same}});
  EXPECT_NEAR(out.loss, std::log(2.0), 1e-15);
  for (double slope : out.gradient) EXPECT_EQ(slope, 0.0);
}

}  // namespace
}  // namespace tightrope::optimizer_test
