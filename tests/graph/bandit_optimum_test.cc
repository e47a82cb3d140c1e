// SPDX-License-Identifier: Apache-2.0
#include "graph/bandit_optimum.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace tightrope {
namespace {

using Json = nlohmann::json;
constexpr double kRounded = 1e-10;  // goldens have ten decimals

Json golden() {
  std::ifstream file(std::string(TIGHTROPE_SOURCE_DIR) + "/tests/golden/bandit_optima.json");
  return Json::parse(file);
}

void expect_near(const std::vector<double>& values, const Json& expected) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(values[i], expected[i].get<double>(), kRounded) << i;
  }
}

TEST(BanditOptimum, BoltzmannAgreesWithGolden) {
  const Json g = golden();
  const std::vector<double> reference = g["fixture"]["reference"];
  const std::vector<double> reward = g["fixture"]["reward"];
  const double beta = g["fixture"]["beta"];
  const std::vector<double> policy = boltzmann_optimum(reference, reward, beta);
  expect_near(policy, g["boltzmann"]["policy"]);
  const double earned = expected_reward(policy, reward);
  const double kl = kl_divergence(policy, reference);
  EXPECT_NEAR(earned, g["boltzmann"]["expected_reward"], kRounded);
  EXPECT_NEAR(kl, g["boltzmann"]["kl"], kRounded);
  EXPECT_NEAR(earned - beta * kl, g["boltzmann"]["value"], kRounded);
}

TEST(BanditOptimum, K3FixedPointAgreesWithGolden) {
  const Json g = golden();
  const std::vector<double> reference = g["fixture"]["reference"];
  const std::vector<double> reward = g["fixture"]["reward"];
  const K3FixedPoint point = k3_fixed_point(reference, reward, g["fixture"]["beta"]);
  expect_near(point.policy, g["k3_fixed_point"]["policy"]);
  EXPECT_NEAR(point.lambda, g["k3_fixed_point"]["lambda"], kRounded);
  EXPECT_NEAR(expected_reward(point.policy, reward), g["k3_fixed_point"]["expected_reward"],
              kRounded);
}

TEST(BanditOptimum, ValuesAndGradientsAgreeWithGolden) {
  const Json g = golden();
  const std::vector<double> logits = g["gradients"]["logits"];
  const std::vector<double> reference = g["gradients"]["reference"];
  const std::vector<double> reward = g["fixture"]["reward"];
  expect_near(softmax(logits), g["gradients"]["policy"]);
  const std::vector<std::pair<std::string, ValueGradient>> rows = {
      {"reward", reward_by_logits(logits, reward)},
      {"kl_to_reference", kl_to_reference(logits, reference)},
      {"kl_from_reference", kl_from_reference(logits, reference)},
      {"entropy", entropy_by_logits(logits)},
      {"k1_loss", estimator_loss(KlEstimator::kK1, logits, reference)},
      {"k2_loss", estimator_loss(KlEstimator::kK2, logits, reference)},
      {"k3_loss", estimator_loss(KlEstimator::kK3, logits, reference)}};
  for (const auto& [name, row] : rows) {
    SCOPED_TRACE(name);
    EXPECT_NEAR(row.value, g["gradients"][name]["value"], kRounded);
    expect_near(row.gradient, g["gradients"][name]["gradient"]);
  }
}

TEST(BanditOptimum, GradientsAgreeWithFiniteDifferences) {
  const std::vector<double> logits = {0.7, -0.3, 0.1};
  const std::vector<double> reference = {0.2, 0.5, 0.3};
  const std::vector<double> reward = {1, -2, 0.5};
  const std::vector<std::function<ValueGradient(const std::vector<double>&)>> rows = {
      [&](const auto& x) { return reward_by_logits(x, reward); },
      [&](const auto& x) { return kl_to_reference(x, reference); },
      [&](const auto& x) { return kl_from_reference(x, reference); },
      [&](const auto& x) { return entropy_by_logits(x); }};
  for (const auto& row : rows) {
    for (std::size_t a = 0; a < logits.size(); ++a) {
      std::vector<double> up = logits;
      std::vector<double> down = logits;
      up[a] += 1e-5;
      down[a] -= 1e-5;
      EXPECT_NEAR(row(logits).gradient[a], (row(up).value - row(down).value) / 2e-5, 1e-9);
    }
  }
}

// At each fixed point the gradients that define it cancel, for a reference that is not uniform.
TEST(BanditOptimum, FixedPointsAreStationary) {
  const std::vector<double> reference = {0.1, 0.6, 0.3};
  const std::vector<double> reward = {0.4, 1, -3};
  for (double beta : {0.01, 0.3, 5.0}) {
    const auto logits_of = [](std::vector<double> p) {
      for (double& x : p) x = std::log(x);
      return p;
    };
    const auto boltzmann = logits_of(boltzmann_optimum(reference, reward, beta));
    const auto k3 = logits_of(k3_fixed_point(reference, reward, beta).policy);
    for (std::size_t a = 0; a < 3; ++a) {
      EXPECT_NEAR(reward_by_logits(boltzmann, reward).gradient[a],
                  beta * kl_to_reference(boltzmann, reference).gradient[a], 1e-9);
      EXPECT_NEAR(reward_by_logits(k3, reward).gradient[a],
                  beta * estimator_loss(KlEstimator::kK3, k3, reference).gradient[a], 1e-9);
    }
  }
}

TEST(BanditOptimum, BadProblemsAreInputErrors) {
  const std::vector<double> two = {0.5, 0.5};
  const std::vector<double> three = {1, 2, 3};
  EXPECT_THROW(boltzmann_optimum(two, three, 1), InputError);
  EXPECT_THROW(boltzmann_optimum(two, two, 0), InputError);
  EXPECT_THROW(k3_fixed_point(two, two, -1), InputError);
}

}  // namespace
}  // namespace tightrope
