// SPDX-License-Identifier: Apache-2.0
// Where tables move to, and the ways between.
#include "drift/target.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "drift/interpolate.h"
#include "tests/drift/drift_support.h"

namespace tightrope::drift_test {
namespace {

using Values = std::vector<double>;

Values resolved(const std::string& to, const std::string& table, std::uint64_t seed = 1) {
  const WorldParams world = small_world();
  return resolve_target(parse_target(parse_value(to, "test")), world.at(table), path_stream(seed));
}

TEST(Target, Words) {
  EXPECT_EQ(resolved("uniform", "prior"), Values(4, 0.25));
  EXPECT_EQ(resolved("uniform", "synonym"), Values(6, 0.5));
  EXPECT_EQ(resolved("reversed", "synonym"), (Values{0.2, 0.8, 0.5, 0.5, 0.8, 0.2}));
  EXPECT_EQ(resolved("reversed", "prior"), (Values{0.1, 0.2, 0.3, 0.4}));
}

TEST(Target, NumbersAndTables) {
  EXPECT_EQ(resolved("0", "confounding"), Values{0});
  EXPECT_EQ(resolved("{scale: 2}", "noise"), (Values{0.4, 0.7, 0.8}));
  EXPECT_EQ(resolved("{shift: -0.5}", "shift"), (Values{-0.5, -0.5, -1.5}));
  EXPECT_EQ(resolved("[[1, 0], [0, 1], [0.5, 0.5]]", "synonym"), (Values{1, 0, 0, 1, 0.5, 0.5}));
  EXPECT_EQ(resolved("[0.1, 0.2, 0.3, 0.4]", "prior"), (Values{0.1, 0.2, 0.3, 0.4}));
}

TEST(Target, PermutedMovesEveryRowTheSameWayAndNeverTrivially) {
  const Values before = small_world().at("theta").values;
  bool differs = false;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Values after = resolved("permuted", "theta", seed);
    EXPECT_NE(after, before);
    EXPECT_EQ(after, resolved("permuted", "theta", seed));
    differs = differs || after != resolved("permuted", "theta", 99);
    for (std::size_t row = 0; row < 24; row += 6) {
      EXPECT_TRUE(
          std::is_permutation(after.begin() + row, after.begin() + row + 6, before.begin() + row));
    }
    EXPECT_EQ(resolved("permuted", "synonym", seed), (Values{0.2, 0.8, 0.5, 0.5, 0.8, 0.2}));
  }
  EXPECT_TRUE(differs);
}

TEST(Target, RewiredSwapsAssociatedWithIrrelevant) {
  const Values before = small_world().at("theta").values;
  EXPECT_EQ(resolved("{rewired: 0}", "theta"), before);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Values after = resolved("{rewired: 1}", "theta", seed);
    for (std::size_t z = 0; z < 4; ++z) {
      EXPECT_LT(after[6 * z + z], 0.2) << "the association is gone";
      EXPECT_EQ(after[6 * z + 5], 0.02) << "what the disease excludes stays excluded";
      EXPECT_EQ(std::count(after.begin() + 6 * z, after.begin() + 6 * z + 6, 0.8), 1);
    }
  }
  int moved = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Values half = resolved("{rewired: 0.5}", "theta", seed);
    for (std::size_t z = 0; z < 4; ++z) moved += half[6 * z + z] != before[6 * z + z];
  }
  EXPECT_NEAR(moved, 200, 50) << "5 standard deviations of a binomial";
}

TEST(Interpolate, EndsAreExactAndTheMiddleIsNatural) {
  const WorldParams world = small_world();
  const Table& noise = world.at("noise");
  const Values target = {0.8, 0.35, 0.1};
  EXPECT_EQ(interpolate(noise, target, 0, Space::kNatural), noise.values);
  EXPECT_EQ(interpolate(noise, target, 1, Space::kNatural), target);
  EXPECT_NEAR(interpolate(noise, target, 0.5, Space::kNatural)[0], 0.4, 1e-15);  // sqrt(.2 .8)
  EXPECT_NEAR(interpolate(noise, target, 0.5, Space::kLinear)[0], 0.5, 1e-15);
  EXPECT_EQ(interpolate(noise, target, 0.3, Space::kNatural)[1], 0.35);
  const Table& polarity = world.at("polarity");
  EXPECT_NEAR(interpolate(polarity, {0.06}, 0.5, Space::kNatural)[0], 0.5, 1e-12);
  EXPECT_NEAR(interpolate(polarity, {1.0}, 0.5, Space::kNatural)[0], 0.97, 1e-12) << "linear at 1";
  const Values prior = interpolate(world.at("prior"), Values(4, 0.25), 0.3, Space::kNatural);
  EXPECT_NEAR(std::accumulate(prior.begin(), prior.end(), 0.0), 1, 1e-15);
  EXPECT_NEAR(prior[0], 0.7 * 0.4 + 0.3 * 0.25, 1e-15);
}

}  // namespace
}  // namespace tightrope::drift_test
