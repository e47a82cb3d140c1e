// SPDX-License-Identifier: Apache-2.0
// Shapley values against the mean over all orders, their axioms, and the split of two orders.
#include "analysis/measures/shapley.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "analysis/measures/two_orders.h"
#include "core/base/error.h"
#include "core/random/stream.h"

namespace tightrope {
namespace {

std::vector<double> random_game(Draws& draws, int causes) {
  std::vector<double> v(std::size_t{1} << causes);
  for (double& x : v) x = draws.normal();
  return v;
}

std::vector<double> over_all_orders(const std::vector<double>& v, int causes) {
  std::vector<int> order(causes);
  std::iota(order.begin(), order.end(), 0);
  std::vector<double> sum(causes, 0.0);
  double orders = 0;
  do {
    std::size_t come = 0;
    for (const int j : order) {
      const std::size_t with = come | (std::size_t{1} << j);
      sum[j] += v[with] - v[come];
      come = with;
    }
    orders += 1;
  } while (std::next_permutation(order.begin(), order.end()));
  for (double& x : sum) x /= orders;
  return sum;
}

void expect_equal(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t j = 0; j < a.size(); ++j) EXPECT_NEAR(a[j], b[j], 1e-13) << j;
}

TEST(Shapley, IsTheMeanOverAllOrders) {
  Draws draws = Stream(1, Purpose::kProbe, 1).at(0);
  for (int causes = 0; causes <= 7; ++causes) {
    const auto v = random_game(draws, causes);
    expect_equal(shapley(v), over_all_orders(v, causes));
  }
}

TEST(Shapley, SumsToTheWholeChange) {
  Draws draws = Stream(2, Purpose::kProbe, 1).at(0);
  for (const int causes : {1, 5, 11, 16}) {
    const auto v = random_game(draws, causes);
    const auto phi = shapley(v);
    EXPECT_NEAR(std::accumulate(phi.begin(), phi.end(), 0.0), v.back() - v.front(), 1e-10);
  }
}

TEST(Shapley, AddsUpOverGamesAndSparesTheIdle) {
  Draws draws = Stream(3, Purpose::kProbe, 1).at(0);
  const auto v = random_game(draws, 5), w = random_game(draws, 5);
  std::vector<double> sum(v), wanted;
  for (std::size_t s = 0; s < sum.size(); ++s) sum[s] += w[s];
  const auto a = shapley(v), b = shapley(w);
  for (std::size_t j = 0; j < a.size(); ++j) wanted.push_back(a[j] + b[j]);
  expect_equal(shapley(sum), wanted);
  // Cause 2 changes nothing; causes 0 and 1 are interchangeable.
  const auto idle = shapley(5, [&](std::uint32_t s) { return v[s & ~4U]; });
  EXPECT_EQ(idle[2], 0);
  const auto alike = shapley(5, [&](std::uint32_t s) {
    const std::uint32_t of_two = (s & 1U) + (s >> 1 & 1U);
    return v[(s & ~3U) | (of_two == 0 ? 0U : of_two == 1 ? 1U : 3U)];
  });
  EXPECT_NEAR(alike[0], alike[1], 1e-14);
}

TEST(Shapley, RefusesWhatItCannotEnumerate) {
  const auto message = [](const std::function<void()>& f) -> std::string {
    try {
      f();
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message([] { shapley(17, [](std::uint32_t) { return 0.0; }); }),
            "17 causes: their subsets are enumerated, at most 16 are");
  EXPECT_EQ(message([] { shapley(std::vector<double>(6)); }),
            "6 values of subsets: 2^n are needed, n at most 16");
  EXPECT_EQ(message([] {
              shapley(std::vector<double>{0, 1, NAN, 3});
            }),
            "the value of subset 10 is nan: it must be finite");
}

TEST(TwoOrders, AveragedEffectsAreShapleyAndTelescope) {
  Draws draws = Stream(4, Purpose::kProbe, 1).at(0);
  TwoEffects sum;
  double first = draws.normal(), before = first;
  for (int step = 0; step < 50; ++step) {
    const FourValues j = {before, draws.normal(), draws.normal(), draws.normal()};
    const TwoEffects e = two_effects(j);
    const auto phi = shapley(std::vector<double>{j.before, j.world_moved, j.policy_moved, j.after});
    EXPECT_NEAR(e.environment_averaged(), phi[0], 1e-14);
    EXPECT_NEAR(e.adaptation_averaged(), phi[1], 1e-14);
    EXPECT_NEAR(e.environment + e.adaptation_after(), j.after - j.before, 1e-14);
    EXPECT_NEAR(e.adaptation_after(), j.after - j.world_moved, 1e-14);
    sum += e;
    before = j.after;
  }
  EXPECT_NEAR(sum.total(), before - first, 1e-12);
  EXPECT_NEAR(sum.environment_averaged() + sum.adaptation_averaged(), before - first, 1e-12);
}

TEST(TwoOrders, WithoutInteractionTheOrderDoesNotMatter) {
  const TwoEffects e = two_effects({1, 1.5, 0.75, 1.25});  // J = 1 + .5 [world] - .25 [policy]
  EXPECT_EQ(e.interaction, 0);
  EXPECT_EQ(e.environment_averaged(), .5);
  EXPECT_EQ(e.adaptation_averaged(), -.25);
}

}  // namespace
}  // namespace tightrope
