// SPDX-License-Identifier: Apache-2.0
// The reward split against closed forms, brute force over all laws of a reward, and its edges.
#include "analysis/measures/reward_split.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "tests/analysis/measures_support.h"

namespace tightrope::measure_test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<double> logs(const std::vector<double>& law) {
  std::vector<double> out;
  for (const double x : law) out.push_back(std::log(x));
  return out;
}

double kl(const std::vector<double>& p, const std::vector<double>& q) {
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) sum += kl_term(p[i], q[i]);
  return sum;
}

RewardSplit split(const std::vector<double>& pi, const std::vector<double>& p0,
                  const std::vector<double>& reward) {
  return split_reward(logs(pi), logs(p0), reward);
}

// The law p0 exp(l r) / Z.
std::vector<double> tilt(const std::vector<double>& p0, const std::vector<double>& r, double l) {
  std::vector<double> law;
  double z = 0;
  for (std::size_t i = 0; i < p0.size(); ++i) z += law.emplace_back(p0[i] * std::exp(l * r[i]));
  for (double& x : law) x /= z;
  return law;
}

TEST(RewardSplit, IsPythagoras) {
  Draws draws = Stream(1, Purpose::kProbe, 1).at(0);
  for (int i = 0; i < 500; ++i) {
    const auto p0 = random_law(draws, 64, false), pi = random_law(draws, 64, i % 2 == 0);
    std::vector<double> r = normals(draws, 64);
    const RewardSplit s = split(pi, p0, r);
    const double whole = kl(pi, p0);
    ASSERT_NEAR(s.total(), whole, 1e-12 * (1 + whole));
    // Each part on its own, from the tilt.
    const auto tilted = tilt(p0, r, s.lambda);
    ASSERT_NEAR(s.needed, kl(tilted, p0), 1e-12);
    ASSERT_NEAR(s.excess, kl(pi, tilted), 1e-12 * (1 + whole));
    ASSERT_EQ(s.lambda > 0, s.reward > s.reward_before);
    ASSERT_NEAR(s.efficiency(), s.needed / whole, 1e-12);
  }
}

// On three points the laws of one reward are a line: the nearest of them to p0, by walking it.
TEST(RewardSplit, NoLawOfThatRewardIsNearer) {
  Draws draws = Stream(2, Purpose::kProbe, 1).at(0);
  for (int i = 0; i < 20; ++i) {
    const auto p0 = random_law(draws, 3, false), pi = random_law(draws, 3, false);
    const std::vector<double> r = {0, 0.3 + draws.uniform(), 2};
    const std::array<double, 3> along = {r[1] - r[2], r[2] - r[0], r[0] - r[1]};
    double least = kInfinity;
    for (int k = -200000; k <= 200000; ++k) {
      std::vector<double> q = pi;
      for (int j = 0; j < 3; ++j) q[j] += along[j] * k * 5e-6;
      if (*std::min_element(q.begin(), q.end()) >= 0) least = std::min(least, kl(q, p0));
    }
    const double needed = split(pi, p0, r).needed;
    ASSERT_LE(needed, least + 1e-14);
    ASSERT_NEAR(needed, least, 1e-8);
  }
}

TEST(RewardSplit, OfATiltNothingIsExcess) {
  Draws draws = Stream(3, Purpose::kProbe, 1).at(0);
  const auto p0 = random_law(draws, 20, false);
  const auto r = normals(draws, 20);
  for (const double l : {-300., -30., -3., -1e-4, 0., 1e-4, 0.5, 3., 30., 300.}) {
    const RewardSplit s = split(tilt(p0, r, l), p0, r);
    EXPECT_NEAR(s.excess, 0, 1e-12) << l;
    EXPECT_NEAR(s.lambda, l, 1e-9 * std::abs(l) + 1e-12) << l;
  }
}

TEST(RewardSplit, WithoutAChangeOfRewardAllIsExcess) {
  const RewardSplit s = split({.5, 0, .5}, {.25, .5, .25}, {-1, 0, 1});
  EXPECT_EQ(s.needed, 0);
  EXPECT_NEAR(s.excess, std::log(2), 1e-15);
  EXPECT_EQ(s.lambda, 0);
  EXPECT_EQ(s.efficiency(), 0);
  const RewardSplit none = split({.25, .5, .25}, {.25, .5, .25}, {-1, 0, 1});
  EXPECT_EQ(none.total(), 0);
  EXPECT_EQ(none.efficiency(), 0);
}

TEST(RewardSplit, ClosedFormOfABinaryReward) {
  // By hand: success from 1/4 to 1/2, the conditionals kept; then one of them reshaped.
  const bool ok[] = {true, true, false};
  const RewardSplit kept = split_binary_reward(logs({.25, .25, .5}), logs({.125, .125, .75}), ok);
  EXPECT_NEAR(kept.needed, .5 * std::log(2) + .5 * std::log(2. / 3), 1e-15);
  EXPECT_NEAR(kept.excess, 0, 1e-15);
  EXPECT_NEAR(kept.lambda, std::log(3), 1e-15);
  const RewardSplit moved = split_binary_reward(logs({.5, 0, .5}), logs({.125, .125, .75}), ok);
  EXPECT_NEAR(moved.needed, kept.needed, 1e-15);
  EXPECT_NEAR(moved.excess, .5 * std::log(2), 1e-15);
  Draws draws = Stream(4, Purpose::kProbe, 1).at(0);
  for (int i = 0; i < 200; ++i) {
    const auto p0 = random_law(draws, 12, false), pi = random_law(draws, 12, i % 2 == 0);
    std::array<bool, 12> success{};
    std::vector<double> r;
    for (std::size_t j = 0; j < 12; ++j) r.push_back(success[j] = j < 2 || draws.bernoulli(0.4));
    r[11] = success[11] = false;
    const RewardSplit closed = split_binary_reward(logs(pi), logs(p0), success);
    const RewardSplit root = split(pi, p0, r);
    ASSERT_NEAR(closed.needed, root.needed, 1e-12);
    ASSERT_NEAR(closed.excess, root.excess, 1e-12);
    if (std::isinf(closed.lambda)) {
      ASSERT_EQ(closed.lambda, root.lambda);
    } else {
      ASSERT_NEAR(closed.lambda, root.lambda, 1e-11 * (1 + std::abs(root.lambda)));
    }
    ASSERT_NEAR(closed.reward, root.reward, 1e-14);
  }
}

TEST(RewardSplit, RewardAtItsBound) {
  const RewardSplit top = split({0, .25, .75}, {.5, .25, .25}, {0, 1, 1});
  EXPECT_NEAR(top.needed, std::log(2), 1e-15);
  EXPECT_NEAR(top.excess, .25 * std::log(.5) + .75 * std::log(1.5), 1e-15);
  EXPECT_EQ(top.lambda, kInfinity);
  const RewardSplit bottom = split({1, 0, 0}, {.5, .25, .25}, {0, 1, 1});
  EXPECT_NEAR(bottom.needed, std::log(2), 1e-15);
  EXPECT_EQ(bottom.lambda, -kInfinity);
  // A hair off the bound, the root is far out and still found.
  const RewardSplit hair = split({1e-200, .25, .75}, {.5, .25, .25}, {0, 1, 1});
  EXPECT_NEAR(hair.needed, std::log(2), 1e-12);
  EXPECT_NEAR(hair.lambda, 200 * std::log(10), 1e-9);
  const RewardSplit low = split({1 - 1e-13, 1e-13, 0}, {.5, .25, .25}, {0, 1, 1 + 1e-9});
  EXPECT_NEAR(low.total(), kl({1 - 1e-13, 1e-13, 0}, {.5, .25, .25}), 1e-12);
}

TEST(RewardSplit, OneRewardOnTheWholeSupport) {
  const RewardSplit s = split({.5, .5, 0}, {.25, .75, 0}, {2, 2, 7});
  EXPECT_EQ(s.needed, 0);
  EXPECT_EQ(s.lambda, 0);
  EXPECT_NEAR(s.excess, kl({.5, .5, 0}, {.25, .75, 0}), 1e-15);
  const bool ok[] = {true, true, false};
  EXPECT_EQ(split_binary_reward(logs({.5, .5, 0}), logs({.25, .75, 0}), ok).lambda, 0);
}

TEST(RewardSplit, WhatThePolicyCouldNotDoBefore) {
  const RewardSplit inside = split({.25, .25, .5}, {.5, .5, 0}, {0, 1, .5});
  EXPECT_EQ(inside.excess, kInfinity);
  EXPECT_EQ(inside.needed, 0);
  const RewardSplit beyond = split({.25, .25, .5}, {.5, .5, 0}, {0, 1, 9});
  EXPECT_EQ(beyond.needed, kInfinity);
  EXPECT_EQ(beyond.lambda, kInfinity);
  EXPECT_EQ(beyond.efficiency(), 0);
  const bool ok[] = {false, false, true};
  const RewardSplit binary = split_binary_reward(logs({.25, .25, .5}), logs({.5, .5, 0}), ok);
  EXPECT_EQ(binary.needed, kInfinity);
  EXPECT_EQ(binary.excess, kInfinity);
  EXPECT_EQ(binary.lambda, kInfinity);
}

TEST(RewardSplit, RefusesWhatIsNoLaw) {
  const auto message = [](const std::vector<double>& pi,
                          const std::vector<double>& r) -> std::string {
    try {
      split(pi, {.5, .5}, r);
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message({.5, .25}, {0, 1}),
            "the policy's law sums to 0.75: a law must sum to 1 within 1e-6");
  EXPECT_EQ(message({.5, .5}, {0, kInfinity}), "reward[1] is inf: it must be finite");
  EXPECT_EQ(message({.5, .5}, {0}),
            "2 log-probabilities now, 2 before, 1 rewards: there must be one of each for every "
            "trajectory");
}

}  // namespace
}  // namespace tightrope::measure_test
