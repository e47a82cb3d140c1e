// SPDX-License-Identifier: Apache-2.0
// Intervals of counts and of run lengths against tables, closed forms and their own coverage.
#include "core/stats/run_length.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "core/random/stream.h"
#include "core/stats/counts.h"
#include "core/stats/interval.h"

namespace tightrope {
namespace {

// Newcombe 1998, Statistics in Medicine 17, table I, method 3.
TEST(WilsonInterval, IsThatOfThePublishedTable) {
  const std::vector<std::array<double, 4>> table = {{81, 263, 0.2553, 0.3662},
                                                    {15, 148, 0.0624, 0.1605},
                                                    {0, 20, 0, 0.1611},
                                                    {1, 29, 0.0061, 0.1718}};
  for (const auto& [r, n, low, high] : table) {
    const ShareInterval w = wilson_interval(std::llround(r), std::llround(n));
    EXPECT_NEAR(w.low, low, 5e-5);
    EXPECT_NEAR(w.high, high, 5e-5);
  }
  EXPECT_TRUE(std::isnan(wilson_interval(0, 0).share));
  EXPECT_EQ(wilson_interval(20, 20).high, 1);
}

// The chance of at most k events at the bound is 1 - level.
TEST(LeastExposure, HasItsConfidence) {
  for (const std::int64_t events : {0, 1, 4}) {
    const double mean = 1000 / least_exposure(events, 1000, 0.9);
    double term = std::exp(-mean), sum = 0;
    for (int k = 0; k <= events; ++k, term *= mean / k) sum += term;
    EXPECT_NEAR(sum, 0.1, 1e-12) << events;
  }
}

TEST(MeanRunLength, IsThePlainMeanWithoutCensoring) {
  const std::vector<std::int64_t> lengths = {3, 8, 8, 21, 100};
  const std::vector<double> values(lengths.begin(), lengths.end());
  const Interval plain = mean_interval(values);
  const Estimate e = mean_run_length(lengths, 100);
  EXPECT_DOUBLE_EQ(e.value, plain.mean);
  EXPECT_DOUBLE_EQ(e.high, plain.high());
  const Estimate cut = mean_run_length(lengths, 99);  // the last one is cut off there
  EXPECT_DOUBLE_EQ(cut.value, (3 + 8 + 8 + 21 + 99) / 4.0);
  EXPECT_TRUE(std::isinf(mean_run_length(lengths, 2).value));
}

// Geometric lengths with hazard 1/50, a third of them cut off: both intervals hold the truth.
TEST(RunLength, IntervalsCoverTheTruth) {
  const double p = 0.02;
  const std::int64_t cap = 55;
  const double median = std::ceil(std::log(0.5) / std::log1p(-p));
  int mean_held = 0, median_held = 0, tight = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    Draws draws = Stream(3, Purpose::kStatistics, 7).at(trial);
    std::vector<std::int64_t> lengths(60);
    for (auto& n : lengths)
      n = 1 + std::llround(std::floor(std::log(draws.uniform()) / std::log1p(-p)));
    const Estimate mean = mean_run_length(lengths, cap);
    const Estimate half = run_length_quantile(lengths, cap, 0.5);
    mean_held += mean.low <= 1 / p && 1 / p <= mean.high ? 1 : 0;
    median_held += half.low <= median && median <= half.high ? 1 : 0;
    tight += half.high < cap ? 1 : 0;
  }
  EXPECT_NEAR(mean_held / 2000.0, 0.95, 0.03);
  EXPECT_GE(median_held / 2000.0, 0.94);
  EXPECT_LE(median_held / 2000.0, 0.985);
  EXPECT_GT(tight, 1000);
}

// The ranks of the sign test's interval for a median: 2 and 9 of 10, 6 and 15 of 20.
TEST(RunLengthQuantile, HasTheRanksOfTheSignTest) {
  for (const auto& [n, low, high] : {std::array{10, 2, 9}, std::array{20, 6, 15}}) {
    std::vector<std::int64_t> lengths(n);
    for (int i = 0; i < n; ++i) lengths[i] = n - i;
    const Estimate e = run_length_quantile(lengths, 100, 0.5);
    EXPECT_EQ(e.low, low);
    EXPECT_EQ(e.high, high);
    EXPECT_EQ(e.value, n / 2);
  }
}

TEST(RunLengthQuantile, BeyondTheCapIsInfinite) {
  const std::vector<std::int64_t> lengths = {5, 11, 11, 11, 11};
  EXPECT_EQ(run_length_quantile(lengths, 10, 0.1).value, 5);
  EXPECT_TRUE(std::isinf(run_length_quantile(lengths, 10, 0.5).value));
  EXPECT_TRUE(std::isnan(run_length_quantile(lengths, 20, 0.1).low));
}

}  // namespace
}  // namespace tightrope
