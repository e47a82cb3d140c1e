// SPDX-License-Identifier: Apache-2.0
// Bias and variance of gradient estimates: by hand, and unbiased over many repetitions.
#include "experiments/gradient_spread.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/random/stream.h"

namespace tightrope {
namespace {

double metric(const MetricSums& metrics, const std::string& name) {
  return metrics.at("estimator/" + name).mean();
}

// e = (2, 0), estimates (1, 1), (3, -1), (2, 3): m = (2, 1), S = (1 + 0 + 1 + 4 + 0 + 4) / 2 = 5,
// of which 1 along e.
TEST(GradientSpread, ByHand) {
  GradientSpread spread(std::vector<float>{2, 0});
  for (const auto& g : {std::vector<float>{1, 1}, {3, -1}, {2, 3}}) spread.add(g);
  MetricSums metrics;
  spread.add_to(metrics);
  EXPECT_EQ(metrics.size(), GradientSpread::metrics().size());
  for (const std::string& name : GradientSpread::metrics()) EXPECT_EQ(metrics.count(name), 1U);
  EXPECT_NEAR(metric(metrics, "bias"), 1 / 2.0, 1e-12);
  EXPECT_NEAR(metric(metrics, "bias_error"), std::sqrt(5 / 3.0) / 2, 1e-12);
  EXPECT_NEAR(metric(metrics, "bias_squared"), (1 - 5 / 3.0) / 4, 1e-12);
  EXPECT_NEAR(metric(metrics, "variance"), 5 / 4.0, 1e-12);
  EXPECT_NEAR(metric(metrics, "scale"), 1, 1e-12);
  EXPECT_NEAR(metric(metrics, "scale_error"), std::sqrt(1 / 3.0) / 2, 1e-12);
  EXPECT_NEAR(metric(metrics, "off_axis"), (1 - 4 / 3.0) / 4, 1e-12);
  EXPECT_NEAR(metric(metrics, "cosine"), 2 / std::sqrt(5.0), 1e-12);
}

TEST(GradientSpread, NothingIsDefinedWithoutAnExactGradient) {
  GradientSpread spread(std::vector<float>{0, 0});
  for (int r = 0; r < 2; ++r) spread.add(std::vector<float>{1, 1});
  MetricSums metrics;
  spread.add_to(metrics);
  for (const auto& [name, sum] : metrics) EXPECT_TRUE(std::isnan(sum.mean())) << name;
}

// Estimates around (0.8 e + across) with noise: the means over 4000 repetitions of the debiased
// numbers are the true ones, within five standard errors.
TEST(GradientSpread, SquaresAreUnbiased) {
  const std::vector<float> exact = {1, 2, -2};               // |e|^2 = 9
  const double mean[] = {0.8 + 0.4, 1.6 + 0.2, -1.6 + 0.4};  // across e: (.4, .2, .4), <., e> = 0
  const std::map<std::string, double> truth = {{"bias_squared", (9 * 0.04 + 0.36) / 9},
                                               {"variance", 3 * 0.25 / 9},
                                               {"scale", 0.8},
                                               {"off_axis", 0.36 / 9}};
  std::map<std::string, std::pair<double, double>> sums;
  const Stream stream(5, Purpose::kStatistics, 1);
  constexpr int kRepetitions = 4000;
  for (std::uint32_t k = 0; k < kRepetitions; ++k) {
    Draws draws = stream.at(k);
    GradientSpread spread(exact);
    for (int r = 0; r < 3; ++r) {
      std::vector<float> g;
      for (const double m : mean) g.push_back(static_cast<float>(m + 0.5 * draws.normal()));
      spread.add(g);
    }
    MetricSums metrics;
    spread.add_to(metrics);
    for (const auto& [name, value] : truth) {
      const double x = metric(metrics, name) - value;
      sums[name].first += x;
      sums[name].second += x * x;
    }
  }
  for (const auto& [name, sum] : sums) {
    const double error = std::sqrt(sum.second) / kRepetitions;
    EXPECT_LT(std::abs(sum.first / kRepetitions), 5 * error) << name;
    EXPECT_LT(error, 0.02) << name;
  }
}

}  // namespace
}  // namespace tightrope
