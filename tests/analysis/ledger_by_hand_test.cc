// SPDX-License-Identifier: Apache-2.0
// Ledgers whose every number follows from a few fractions.
#include "tests/analysis/ledger_support.h"

namespace tightrope {
namespace {

using namespace ledger_test;

const double kLn2 = std::log(2.0);

// One segment, one environment's worth of care: position 0 (thinking) moves onto the oracle, then
// past it; position 1 (the diagnosis) moves away, then stays; position 2 (the end) is certain.
HandLog log_by_hand() {
  HandLog log;
  log.evaluation["accuracy"].assign(6, 0.5);
  log.make_room();
  log.target = {0, 1, 3, 0, 2, 3};
  const std::vector<double> end = {0, 0, 0, 1};
  for (std::size_t e = 0; e < 2; ++e) {
    const std::size_t cell = 3 * e;
    for (auto* fixed : {&log.oracle, &log.reference}) {
      put_law(*fixed, cell, {0, 0.5, 0.25, 0.25});
      put_law(*fixed, cell + 1, {0, 0.75, 0.25, 0});
      put_law(*fixed, cell + 2, end);
    }
    for (std::size_t c = 0; c < 3; ++c) put_law(log.policy, 6 * c + cell + 2, end);
    put_law(log.policy, cell, {0, 0.25, 0.5, 0.25});
    put_law(log.policy, 6 + cell, {0, 0.5, 0.25, 0.25});
    put_law(log.policy, 12 + cell, {0, 0.75, 0.125, 0.125});
    put_law(log.policy, cell + 1, {0, 0.5, 0.5, 0});
    put_law(log.policy, 6 + cell + 1, {0, 0.25, 0.75, 0});
    put_law(log.policy, 12 + cell + 1, {0, 0.25, 0.75, 0});
  }
  return log;
}

TEST(LedgerByHand, KlOfEveryPrefix) {
  const Analysed analysed(log_by_hand());
  const std::vector<double> kl = analysed.values("ledger/kl");  // [1, 3, 2, 1, 3]
  const double of_diagnosis[] = {0.75 * std::log(1.5) - 0.25 * kLn2,
                                 0.75 * std::log(3.0) - 0.25 * std::log(3.0)};
  EXPECT_NEAR(kl[0], 0.25 * kLn2, 1e-15);
  EXPECT_NEAR(kl[1], of_diagnosis[0], 1e-15);
  EXPECT_EQ(kl[2], 0);
  EXPECT_NEAR(kl[6], 0, 1e-16);
  EXPECT_NEAR(kl[7], of_diagnosis[1], 1e-15);
  EXPECT_NEAR(kl[12], 0.5 * std::log(2.0 / 3) + 0.5 * kLn2, 1e-15);
}

TEST(LedgerByHand, TowardsPastAndAway) {
  const Analysed analysed(log_by_hand());
  const auto beneficial = analysed.values("ledger/beneficial");    // [1, 2, 2, 1, 3]
  const auto detrimental = analysed.values("ledger/detrimental");  // the same
  // Onto the oracle: all that was missing is gained, nothing lost.
  EXPECT_NEAR(beneficial[0], 0.25 * kLn2, 1e-15);
  EXPECT_EQ(detrimental[0], 0);
  // From the oracle: all is loss.
  EXPECT_EQ(beneficial[6], 0);
  EXPECT_NEAR(detrimental[6], 0.5 * std::log(2.0 / 3) + 0.5 * kLn2, 1e-15);
  // The diagnosis moves away: a from 1/2 to 1/4 of 3/4, b from 1/2 to 3/4 of 1/4.
  EXPECT_EQ(beneficial[1], 0);
  EXPECT_NEAR(detrimental[1], (0.75 * kLn2 - 0.25) + (0.25 - 0.25 * std::log(1.5)), 1e-15);
  // No move, no ledger.
  EXPECT_EQ(beneficial[7], 0);
  EXPECT_EQ(detrimental[7], 0);
}

TEST(LedgerByHand, PastTheOracleIsBoth) {
  HandLog log = log_by_hand();
  put_law(log.policy, 6, {0, 0.75, 0.125, 0.125});  // from (1/4, 1/2, 1/4) past (1/2, 1/4, 1/4)
  const Analysed analysed(log);
  const auto token_gain = analysed.values("ledger/beneficial_token");  // [1, 2, 2, 4]
  const auto token_loss = analysed.values("ledger/detrimental_token");
  const double before_a = 0.5 * kLn2 - 0.25, after_a = 0.5 * std::log(2.0 / 3) + 0.25;
  EXPECT_NEAR(token_gain[1], before_a, 1e-15);
  const double away = 0.75 * kLn2 - 0.25;  // of token a at the diagnosis
  EXPECT_NEAR(token_loss[1], after_a + away, 1e-15);
  const double before_b = 0.25 * std::log(0.5) + 0.25, after_b = 0.25 * kLn2 - 0.125;
  EXPECT_NEAR(token_gain[2], before_b, 1e-15);
  EXPECT_NEAR(token_loss[2], after_b + 0.25 - 0.25 * std::log(1.5), 1e-15);
  EXPECT_EQ(token_gain[3], 0);
  EXPECT_NEAR(token_loss[3], after_b, 1e-15);
  EXPECT_EQ(token_gain[0] + token_loss[0], 0);
}

TEST(LedgerByHand, PartsAndStages) {
  const Analysed analysed(log_by_hand());
  const double thinking_kl = 0.25 * kLn2, past = 0.5 * std::log(2.0 / 3) + 0.5 * kLn2;
  const double first = 0.75 * std::log(1.5) - 0.25 * kLn2, last = 0.5 * std::log(3.0);
  const auto sums = analysed.values("ledger/kl_sum");  // [1, 3, 2, 3]
  EXPECT_NEAR(sums[0], thinking_kl, 1e-15);
  EXPECT_NEAR(sums[1], first, 1e-15);
  EXPECT_NEAR(sums[2], thinking_kl + first, 1e-15);
  // One probe: no interval.
  for (const double half : analysed.values("ledger/kl_sum_half_width"))
    EXPECT_TRUE(std::isnan(half));
  // The stage in one step goes past the oracle: the gain of the first interval is in it.
  const auto gain = analysed.values("ledger/stage_beneficial");  // [1, 2, 3]
  const auto loss = analysed.values("ledger/stage_detrimental");
  const auto net = analysed.values("ledger/stage_net");
  EXPECT_NEAR(net[0], thinking_kl - past, 1e-15);
  EXPECT_NEAR(net[1], first - last, 1e-15);
  EXPECT_NEAR(gain[0], (0.5 * kLn2 - 0.25) + (0.25 - 0.25 * kLn2), 1e-15);
  EXPECT_NEAR(gain[0] - loss[0], net[0], 1e-15);
  EXPECT_NEAR(gain[1], 0, 0);
  EXPECT_EQ(analysed.open().read<std::int64_t>("ledger/interval_start").values,
            (std::vector<std::int64_t>{0, 5}));
  EXPECT_EQ(analysed.open().read<std::int64_t>("ledger/interval").values,
            (std::vector<std::int64_t>{5, 10}));
}

TEST(LedgerByHand, ClassesAreThoseOfTheCases) {
  const Analysed analysed(log_by_hand());
  const auto classes = analysed.values("ledger/detrimental_class");  // [1, 2, 2, disease 2, 3]
  const auto sums = analysed.values("ledger/detrimental_sum");       // [1, 2, 2, 3]
  for (std::size_t part = 0; part < 3; ++part) {
    EXPECT_EQ(classes[part], sums[part]);        // source: its probe is of disease a
    EXPECT_TRUE(std::isnan(classes[3 + part]));  // and none is of b
    EXPECT_TRUE(std::isnan(classes[6 + part]));  // target: of b
    EXPECT_EQ(classes[9 + part], sums[3 + part]);
  }
}

TEST(LedgerByHand, RewardOfTheAnswer) {
  const Analysed analysed(log_by_hand());
  // The diagnosis has two outcomes: all of the move is needed. Source: a, from 3/4 to 1/2.
  const auto needed = analysed.values("ledger/needed");  // [1, 3, 2, 1]
  const auto excess = analysed.values("ledger/excess");
  const auto tilt = analysed.values("ledger/tilt");
  EXPECT_NEAR(needed[0], 0.5 * std::log(2.0 / 3) + 0.5 * kLn2, 1e-15);
  EXPECT_NEAR(excess[0], 0, 1e-15);
  EXPECT_NEAR(tilt[0], -std::log(3.0), 1e-14);
  EXPECT_NEAR(tilt[1], std::log(3.0), 1e-14);  // target: b, from 1/4 to 1/2
}

}  // namespace
}  // namespace tightrope
