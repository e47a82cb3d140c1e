// SPDX-License-Identifier: Apache-2.0
// The statistics of comparisons against SciPy, rliable and hand examples:
// tests/golden/comparisons.json.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/stats/aggregate.h"
#include "core/stats/bootstrap.h"
#include "core/stats/holm.h"
#include "core/stats/interval.h"
#include "core/stats/power.h"
#include "core/stats/sign_flip.h"

namespace tightrope {
namespace {

const double kNan = std::nan("");

const nlohmann::json& golden() {
  static const nlohmann::json all = nlohmann::json::parse(
      std::ifstream(std::string(TIGHTROPE_SOURCE_DIR) + "/tests/golden/comparisons.json"));
  return all;
}

std::vector<double> numbers(const nlohmann::json& j) { return j.get<std::vector<double>>(); }

TEST(Bootstrap, BcaEndsOfGivenReplicatesAreScipys) {
  for (const auto& g : golden()["bca_given_replicates"]) {
    const std::vector<double> values = numbers(g["values"]);
    std::vector<double> jackknife;
    for (std::size_t left_out = 0; left_out < values.size(); ++left_out) {
      double sum = 0;
      for (std::size_t i = 0; i < values.size(); ++i) sum += i == left_out ? 0 : values[i];
      jackknife.push_back(sum / static_cast<double>(values.size() - 1));
    }
    const Bounds bounds = bca_bounds(numbers(g["replicates"]), g["estimate"], jackknife);
    EXPECT_NEAR(bounds.low, g["low"], 1e-12);
    EXPECT_NEAR(bounds.high, g["high"], 1e-12);
  }
}

// A million of SciPy's resamples; standard error of the mean .013.
TEST(Bootstrap, BcaIntervalConvergesToScipys) {
  const auto& g = golden()["bca_many_resamples"];
  const Bounds bounds = bca_interval(numbers(g["values"]), statistics_stream());
  EXPECT_NEAR(bounds.low, g["low"], 0.001);
  EXPECT_NEAR(bounds.high, g["high"], 0.002);
}

TEST(Bootstrap, BcaIntervalConvergesToTheWholeBootstrapDistribution) {
  const auto& g = golden()["bca_enumerated"];
  const Bounds bounds = bca_interval(numbers(g["values"]), statistics_stream(), 0.95, 200000);
  EXPECT_NEAR(bounds.low, g["low"], 0.0051);  // .06 and .065 are neighbours in the distribution
  EXPECT_NEAR(bounds.high, g["high"], 0.0051);
}

TEST(Bootstrap, DegenerateInputsHaveNoIntervalOrAPoint) {
  EXPECT_TRUE(std::isnan(bca_interval(std::array<double, 0>{}, statistics_stream()).low));
  EXPECT_TRUE(std::isnan(bca_interval(std::array{1.0}, statistics_stream()).low));
  EXPECT_TRUE(std::isnan(bca_interval(std::array{1.0, kNan}, statistics_stream()).high));
  const Bounds point = bca_interval(std::array{0.25, 0.25, kNan, 0.25}, statistics_stream());
  EXPECT_EQ(point.low, 0.25);
  EXPECT_EQ(point.high, 0.25);
  // Two values: resamples of both alike, one quarter, half, one quarter.
  const Bounds pair = bca_interval(std::array{1.0, 3.0}, statistics_stream());
  EXPECT_EQ(pair.low, 1);
  EXPECT_EQ(pair.high, 3);
  EXPECT_TRUE(std::isnan(bca_bounds({1, 2, 3}, 5, std::array{1.0, 2.0}).low));
  EXPECT_TRUE(std::isnan(percentile_bounds({}).low));
}

TEST(Bootstrap, EqualValuesAndStreamGiveEqualIntervals) {
  const std::array values{1.0, 2.0, 4.0, 8.0};
  EXPECT_EQ(bca_interval(values, statistics_stream()).low,
            bca_interval(values, statistics_stream()).low);
  EXPECT_NE(bca_interval(values, statistics_stream(), 0.95, 50).high,
            bca_interval(values, statistics_stream().child(1), 0.95, 50).high);
}

TEST(SignFlip, ExactPIsScipys) {
  for (const auto& g : golden()["sign_flip"]) {
    EXPECT_DOUBLE_EQ(sign_flip_test(numbers(g["values"]), statistics_stream()), g["p"]);
  }
}

// |-+1 -+2 -+3 -+4| of sixteen patterns: 10, 8, 6, 4, 4, 2, 2, 0 and their mirror images.
TEST(SignFlip, ByHand) {
  const Stream stream = statistics_stream();
  EXPECT_DOUBLE_EQ(sign_flip_test(std::array{1.0, 2.0, 3.0, 4.0}, stream), 2.0 / 16);
  EXPECT_DOUBLE_EQ(sign_flip_test(std::array{1.0, -2.0, 3.0, 4.0}, stream), 6.0 / 16);
  EXPECT_DOUBLE_EQ(sign_flip_test(std::array{-1.0, -2.0, kNan, 3.0, 4.0}, stream), 10.0 / 16);
  EXPECT_EQ(sign_flip_test(std::array{0.0, 0.0, 0.0}, stream), 1);
  EXPECT_EQ(sign_flip_test(std::array{2.0}, stream), 1);
  EXPECT_EQ(sign_flip_test(std::array{kNan}, stream), 1);
  EXPECT_DOUBLE_EQ(sign_flip_test(std::array{0.1, 0.1, 0.1}, stream), 2.0 / 8);
}

// 17 ones: the chance of |sum| >= 17 - 2k is binomial.
TEST(SignFlip, MonteCarloCountsTheDataAsOnePattern) {
  std::vector<double> values(17, 1.0);
  EXPECT_DOUBLE_EQ(sign_flip_test(values, statistics_stream()), 1.0 / (1 + kResamples));
  for (int i = 0; i < 5; ++i) values[static_cast<std::size_t>(i)] = -1;  // |sum| = 7
  const double exact = 2 * (1 + 17 + 136 + 680 + 2380 + 6188) / 131072.0;
  EXPECT_NEAR(sign_flip_test(values, statistics_stream()), exact, 0.012);
  // Signs beyond the first word decide: eight ones behind 32 zeros.
  std::vector<double> many(40, 0.0);
  std::fill(many.begin() + 32, many.end(), 1.0);
  EXPECT_NEAR(sign_flip_test(many, statistics_stream()), 2.0 / 256, 0.003);
}

TEST(Holm, ByHand) {
  const auto& g = golden()["holm"];
  const std::vector<double> adjusted = holm(numbers(g["p"]));
  for (std::size_t i = 0; i < adjusted.size(); ++i) {
    EXPECT_DOUBLE_EQ(adjusted[i], g["adjusted"][i]);
  }
  EXPECT_TRUE(holm({}).empty());
  EXPECT_EQ(holm(std::array{0.7, 0.0, 1.0}), (std::vector<double>{1, 0, 1}));
}

TEST(Power, IsTheIntegralOverTheChiLaw) {
  for (const auto& g : golden()["power"]) {
    EXPECT_NEAR(t_test_power(g["effect"], 1, g["n"]), g["power"], 1e-9);
    EXPECT_NEAR(t_test_power(2 * g["effect"].get<double>(), 2, g["n"]), g["power"], 1e-9);
  }
}

TEST(Power, DetectableEffectHasTheWantedPower) {
  for (const auto& g : golden()["detectable"]) {
    EXPECT_NEAR(minimal_detectable_effect(1, g["n"]), g["effect"], 1e-8);
    EXPECT_NEAR(minimal_detectable_effect(0.03, g["n"]), 0.03 * g["effect"].get<double>(), 1e-8);
  }
  EXPECT_NEAR(minimal_detectable_effect(1, 20), 0.6604417, 1e-6);  // R: power.t.test, one sample
  EXPECT_TRUE(std::isnan(minimal_detectable_effect(kNan, 1)));
  EXPECT_EQ(minimal_detectable_effect(0, 5), 0);
}

TEST(Aggregate, ValuesAndIntervalsAreRliables) {
  const auto& g = golden()["rliable"];
  const auto x = g["x"].get<Scores>(), y = g["y"].get<Scores>();
  const BoundedEstimate mean = interquartile_mean(x, statistics_stream());
  EXPECT_NEAR(mean.value, g["interquartile_mean"], 1e-12);
  EXPECT_NEAR(mean.bounds.low, g["interquartile_mean_ends"][0], 0.001);
  EXPECT_NEAR(mean.bounds.high, g["interquartile_mean_ends"][1], 0.001);
  const BoundedEstimate better = probability_of_improvement(x, y, statistics_stream());
  EXPECT_NEAR(better.value, g["improvement"], 1e-12);
  EXPECT_NEAR(better.bounds.low, g["improvement_ends"][0], 0.01);
  EXPECT_NEAR(better.bounds.high, g["improvement_ends"][1], 0.01);
  EXPECT_NEAR(interquartile_mean(x[0]), g["one_stratum_mean"], 1e-12);
  EXPECT_NEAR(probability_of_improvement({x[0]}, {y[0]}, statistics_stream()).value,
              g["one_stratum_improvement"], 1e-12);
}

TEST(Aggregate, StrataAreResampledApart) {
  // Within a stratum nothing varies; a bootstrap over all runs together would mix 0 and 1.
  const Scores scores{{0, 0, 0, 0}, {1, 1, 1, 1}};
  const BoundedEstimate mean = interquartile_mean(scores, statistics_stream());
  EXPECT_EQ(mean.value, 0.5);
  EXPECT_EQ(mean.bounds.low, 0.5);
  EXPECT_EQ(mean.bounds.high, 0.5);
}

TEST(Aggregate, DegenerateInputs) {
  const Stream stream = statistics_stream();
  EXPECT_TRUE(std::isnan(interquartile_mean(std::vector<double>{})));
  EXPECT_TRUE(std::isnan(interquartile_mean(Scores{{kNan}}, stream).value));
  const BoundedEstimate one = interquartile_mean(Scores{{kNan, 0.5}}, stream);
  EXPECT_EQ(one.value, 0.5);
  EXPECT_TRUE(std::isnan(one.bounds.low));
  EXPECT_EQ(interquartile_mean(std::vector<double>{0, 1, 2, 100}), 1.5);
  EXPECT_TRUE(std::isnan(probability_of_improvement({{kNan}}, {{1, 2}}, stream).value));
  const BoundedEstimate same = probability_of_improvement({{1, 1}}, {{1, 1}}, stream);
  EXPECT_EQ(same.value, 0.5);
  EXPECT_EQ(same.bounds.high, 0.5);
}

}  // namespace
}  // namespace tightrope
