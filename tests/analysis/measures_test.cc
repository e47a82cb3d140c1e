// SPDX-License-Identifier: Apache-2.0
// Single measures by hand, their settings, limits and errors, and the permutation test.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "analysis/measures/kernel.h"
#include "analysis/measures/pair_matrix.h"
#include "analysis/measures/permutation.h"
#include "tests/analysis/measures_support.h"

namespace tightrope::measure_test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <class F>
std::string message(F f) {
  try {
    f();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

const std::vector<double> kP = {.5, .5, 0}, kQ = {.5, .25, .25};

TEST(Measures, EmptyCellsByHand) {
  const LawPair laws = LawPair::of(kP, kQ);
  EXPECT_NEAR(exact("kl", laws), .5 * std::log(2), 1e-15);
  EXPECT_EQ(exact("reverse_kl", laws), kInfinity);
  EXPECT_EQ(exact("psi", laws), kInfinity);
  EXPECT_NEAR(exact("chi_square", laws), .25 + .25, 1e-15);
  EXPECT_EQ(exact("chi_square", LawPair::of(kQ, kP)), kInfinity);
  EXPECT_EQ(exact("total_variation", laws), .25);
  const std::vector<double> left = {1, 0}, right = {0, 1};
  EXPECT_EQ(exact("bhattacharyya", LawPair::of(left, right)), kInfinity);
  EXPECT_EQ(exact("hellinger", LawPair::of(left, right)), 1);
  EXPECT_NEAR(exact("jensen_shannon", LawPair::of(left, right)), std::log(2), 1e-15);
}

TEST(Measures, FloorPatchesWhereItIsAskedFor) {
  const LawPair laws = LawPair::of(kP, kQ);
  EXPECT_NEAR(exact("{type: psi, floor: 1e-4}", laws),
              .25 * std::log(2) + (.25 - 1e-4) * std::log(.25 / 1e-4), 1e-14);
  EXPECT_NEAR(exact("{type: reverse_kl, floor: 1e-4}", laws),
              .25 * std::log(.5) + .25 * std::log(.25 / 1e-4) + 1e-4 * 0, 1e-14);
}

TEST(Measures, LogarithmsReachBelowTheSmallestProbability) {
  const std::vector<double> p = {std::log(.5), std::log(.5)}, q = {0, -2000};
  EXPECT_NEAR(exact("kl", LawPair::of_logs(p, q)), std::log(.5) + 1000, 1e-9);
  EXPECT_TRUE(std::isfinite(exact("psi", LawPair::of_logs(p, q))));
  const std::vector<double> left = {0, -2000}, right = {-3000, 0};
  EXPECT_NEAR(exact("bhattacharyya", LawPair::of_logs(left, right)), 1000, 1e-9);
}

TEST(Measures, CloseLawsKeepTheirDigits) {
  const double e = 1e-9;
  const std::vector<double> p = {.5, .5}, q = {.5 + e, .5 - e};
  EXPECT_NEAR(exact("hellinger", LawPair::of(p, q)) / e, std::sqrt(.5), 1e-6);
  EXPECT_NEAR(exact("bhattacharyya", LawPair::of(p, q)) / (e * e), .5, 1e-6);
  EXPECT_NEAR(exact("chi_square", LawPair::of(p, q)) / (e * e), 4, 1e-6);
}

TEST(Measures, LawsAreChecked) {
  const std::vector<double> half = {.5, .5}, low = {.5, .25}, negative = {1.5, -.5}, one = {1};
  EXPECT_EQ(message([&] { LawPair::of(half, low); }),
            "q sums to 0.75: a law must sum to 1 within 1e-06");
  EXPECT_EQ(message([&] { LawPair::of(negative, half); }),
            "p[1] is -0.5: a probability must be a number in [0, 1]");
  EXPECT_EQ(message([&] { LawPair::of(half, one); }),
            "p has 2 cells, q has 1: they must have the same");
  EXPECT_EQ(message([&] { LawPair::of(half, half, one); }),
            "1 positions for 2 cells: one each is needed");
}

TEST(Measures, SamplesAreChecked) {
  const std::vector<double> good = {1, 2, 3}, bad = {1, NAN}, short_one = {1};
  EXPECT_EQ(message([&] { Pool::of(good, bad); }),
            "the second sample has nan at point 1: it must be finite");
  EXPECT_EQ(message([&] { Pool::of(short_one, good); }),
            "the first sample has 1 points: at least 2 are needed");
  EXPECT_EQ(message([&] { Pool::of(good, good, 2); }),
            "the first sample has 3 values: not a multiple of 2 per point");
}

// Bins of equal count: of 12 values over 4 bins, three each; ties go together and take bins away.
TEST(Measures, QuantileBinsByHand) {
  const std::vector<double> x = {1, 2, 3, 4, 5, 6}, y = {7, 8, 9, 10, 11, 12};
  const auto measure = make_measure("{type: total_variation, bins: 4}");
  EXPECT_EQ(measure->pooled(Pool::of(x, y), kStream)->text(),
            "plug-in over 4 bins of equal pooled count");
  const std::vector<double> mixed = {1, 2, 4, 7, 8, 9}, rest = {3, 5, 6, 10, 11, 12};
  // Shares 2 1 3 0 against 1 2 0 3, of 6.
  EXPECT_NEAR(estimate(*measure, Pool::of(mixed, rest)), 4. / 6, 1e-15);
  const std::vector<double> ties(8, 5.0), few = {5, 6, 7, 8};
  EXPECT_EQ(measure->pooled(Pool::of(ties, few), kStream)->text(),
            "plug-in over 2 bins of equal pooled count");
}

TEST(Measures, WassersteinIsTheMeanDistanceOfSortedPairs) {
  Draws draws = Stream(5, Purpose::kProbe, 1).at(0);
  auto x = normals(draws, 51), y = normals(draws, 51, 1);
  const double value = estimate(*make_measure("wasserstein"), Pool::of(x, y));
  std::sort(x.begin(), x.end());
  std::sort(y.begin(), y.end());
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += std::abs(x[i] - y[i]);
  EXPECT_NEAR(value, sum / 51, 1e-13);
}

// Two dimensions with nothing in the second: the pairwise form against the sorted one.
TEST(Measures, EnergyOverPairsIsEnergyBySorting) {
  Draws draws = Stream(6, Purpose::kProbe, 1).at(0);
  const auto x = normals(draws, 20), y = normals(draws, 31, 1);
  std::vector<double> x2, y2;
  for (const double v : x) x2.insert(x2.end(), {v, 4});
  for (const double v : y) y2.insert(y2.end(), {v, 4});
  const auto measure = make_measure("energy");
  EXPECT_NEAR(estimate(*measure, Pool::of(x, y)), estimate(*measure, Pool::of(x2, y2, 2)), 1e-12);
}

TEST(Measures, RandomFeaturesAreUnbiased) {
  Draws draws = Stream(7, Purpose::kProbe, 1).at(0);
  const Pool pool = Pool::of(normals(draws, 40), normals(draws, 30, 1));
  const double truth = estimate(*make_measure("{type: mmd, bandwidth: 1}"), pool);
  const auto features = make_measure("{type: mmd_features, bandwidth: 1, features: 16}");
  std::vector<std::uint32_t> order(pool.size());
  std::iota(order.begin(), order.end(), 0U);
  constexpr int kRepeats = 400;
  double sum = 0, squares = 0;
  for (int i = 0; i < kRepeats; ++i) {
    double value = 0;
    features->pooled(pool, Stream(8, Purpose::kStatistics, i))->estimate(order, {&value, 1});
    sum += value;
    squares += value * value;
  }
  const double mean = sum / kRepeats;
  const double error = std::sqrt((squares / kRepeats - mean * mean) / kRepeats);
  EXPECT_NEAR(mean, truth, 4 * error);
  EXPECT_LT(error, 0.1 * truth);
}

TEST(Measures, BandwidthsByHand) {
  const std::vector<double> x = {0, 0, 1}, y = {0, 4};
  const Pool pool = Pool::of(x, y);  // distances 0 0 0 1 1 1 3 4 4 4
  EXPECT_EQ(bandwidth_of(pool, {.heuristic = "median"}, kStream).value, 3);
  EXPECT_EQ(bandwidth_of(pool, {.heuristic = "alibi"}, kStream).value, std::sqrt(.5));
  EXPECT_EQ(bandwidth_of(pool, {.heuristic = "torchdrift"}, kStream).value, 1);
  EXPECT_EQ(bandwidth_of(pool, {.bandwidth = 7}, kStream).text, "bandwidth 7");
  const std::vector<double> same(9, 1.0), other = {1, 2};
  EXPECT_EQ(message([&] { bandwidth_of(Pool::of(same, other), {.heuristic = "alibi"}, kStream); }),
            "heuristic alibi gives bandwidth 0, because most points are equal: give `bandwidth`, "
            "or use heuristic median");
}

TEST(Measures, BandwidthOfLawsIsTheWeightedMedian) {
  const std::vector<double> p = {.25, .5, .25}, q = {.25, .5, .25}, r = {.1, .8, .1};
  const std::vector<double> at = {0, 1, 4};  // weights 1/8 at 1, 1/16 at 4, 1/8 at 3
  const auto gap = LawPair::of(p, r, at);
  const double s = 3;  // half of the weight is reached there, for p with r too
  EXPECT_NEAR(exact_mmd(gap, {}), exact_mmd(gap, {.bandwidth = s}), 1e-15);
  EXPECT_GT(std::abs(exact_mmd(gap, {.bandwidth = 1}) - exact_mmd(gap, {.bandwidth = s})), 1e-3);
  EXPECT_EQ(exact_mmd(LawPair::of(p, q, at), {}), 0);
  const std::vector<double> one = {0, 1, 0};
  EXPECT_EQ(exact_mmd(LawPair::of(one, one, at), {}), 0);  // no two draws differ
}

TEST(Measures, MedianOfManyPointsIsOverADrawnPart) {
  Draws draws = Stream(9, Purpose::kProbe, 1).at(0);
  const Pool pool = Pool::of(normals(draws, 2500), normals(draws, 2500));
  const Bandwidth drawn = bandwidth_of(pool, {}, kStream);
  EXPECT_NE(drawn.text.find("median heuristic of 2000 points"), std::string::npos) << drawn.text;
  EXPECT_NEAR(drawn.value, 0.6745 * std::sqrt(2), 0.05);  // of |N(0, 2)|
  EXPECT_NE(bandwidth_of(pool, {}, kStream.child(3)).value, drawn.value);
}

TEST(Measures, TooManyPairsAreRefusedWithAnAlternative) {
  const std::vector<double> x(2 * PairMatrix::kMostPoints - 2, 1.0), y(4, 1.0);
  EXPECT_EQ(message([&] { estimate(*make_measure("mmd"), Pool::of(x, y, 2)); }),
            "mmd compares all pairs of 6001 points: at most 6000; mmd_features and mmd_linear take "
            "more");
  EXPECT_EQ(message([&] { estimate(*make_measure("energy"), Pool::of(x, y, 2)); }),
            "energy compares all pairs of 6001 points: at most 6000; mmd_features takes more");
  EXPECT_TRUE(std::isfinite(estimate(*make_measure("mmd_linear"), Pool::of(x, y, 2))));
}

TEST(Measures, SettingsAreChecked) {
  EXPECT_NE(message([] { make_measure("{type: psi, floor: 2}"); }).find("floor"),
            std::string::npos);
  EXPECT_NE(message([] { make_measure("{type: mmd, heuristic: mean}"); }).find("torchdrift"),
            std::string::npos);
  EXPECT_EQ(
      message([] { exact("{type: mmd, heuristic: alibi}", LawPair::of(kP, kQ)); }),
      "heuristic alibi is of samples: between laws, give `bandwidth` or use heuristic median");
}

// 2 of 6 dealt to the first side: 15 dealings, each as likely. The given one and its mirror tie.
TEST(PermutationTest, DealsAreUniform) {
  const std::vector<double> x = {1, 2}, y = {3, 4, 5, 6};
  const auto measure = make_measure("wasserstein");
  constexpr int kMany = 20000;
  const PermutationResult r = permutation_test(*measure, Pool::of(x, y), kMany, kStream);
  EXPECT_NEAR(r.p, 2. / 15, 4 * std::sqrt(2. / 15 * 13 / 15 / kMany));
}

// With 3 against 3 all 720 orders can be counted: 20 dealings, of which the given one and its
// mirror are the farthest apart.
TEST(PermutationTest, TendsToTheExactP) {
  const std::vector<double> x = {1, 2, 3}, y = {4, 5, 6};
  const Pool pool = Pool::of(x, y);
  constexpr int kMany = 20000;
  const PermutationResult r = permutation_test(*make_measure("wasserstein"), pool, kMany, kStream);
  EXPECT_NEAR(r.p, 0.1, 4 * std::sqrt(0.1 * 0.9 / kMany));
  EXPECT_NEAR(r.value, 3, 1e-15);
  // The mean over all dealings, counted.
  std::vector<double> all = {1, 2, 3, 4, 5, 6};
  double sum = 0;
  int count = 0;
  std::vector<double> values;
  do {
    const auto both = std::span(std::as_const(all));
    values.push_back(
        estimate(*make_measure("wasserstein"), Pool::of(both.first(3), both.subspan(3))));
    sum += values.back();
    ++count;
  } while (std::next_permutation(all.begin(), all.end()));
  ASSERT_EQ(count, 720);
  EXPECT_NEAR(r.null_mean, sum / count, 0.03);
  std::sort(values.begin(), values.end());
  EXPECT_NEAR(r.null_95, values[683], 1e-12);  // 0.95 720 = 684
}

TEST(PermutationTest, SmallestPIsOneOfBPlusOne) {
  const std::vector<double> x(30, 0.0), y(30, 1.0);
  const auto measure = make_measure("mmd");
  EXPECT_EQ(permutation_test(*measure, Pool::of(x, y), 19, kStream).p, 1.0 / 20);
  EXPECT_EQ(message([&] { permutation_test(*measure, Pool::of(x, y), 0, kStream); }),
            "permutations = 0: at least 1 is needed");
}

TEST(PermutationTest, SeedDecidesEverything) {
  Draws draws = Stream(10, Purpose::kProbe, 1).at(0);
  const Pool pool = Pool::of(normals(draws, 30), normals(draws, 30));
  const auto measure = make_measure("mmd_features");
  const auto p = [&](int seed) {
    return permutation_test(*measure, pool, 99, Stream(seed, Purpose::kStatistics, 0));
  };
  EXPECT_EQ(p(1).null_mean, p(1).null_mean);
  EXPECT_EQ(p(1).value, p(1).value);
  EXPECT_NE(p(1).null_mean, p(2).null_mean);
}

// Labels deal into few distinct estimates: equal ones must count as reached, whatever the rounding.
TEST(PermutationTest, TiesCountAsReached) {
  const std::vector<double> x = {0.1, 0.1, 0.1, 0.7, 0.7}, y = {0.1, 0.7, 0.7, 0.7, 0.7};
  for (const char* name : {"mmd", "wasserstein", "energy", "mmd_features"}) {
    const PermutationResult r =
        permutation_test(*make_measure(name), Pool::of(x, y), 4000, kStream);
    // Of C(10, 5) = 252 dealings, 3 or more of the 4 low points lie on one side in 132.
    EXPECT_NEAR(r.p, 132. / 252, 0.035) << name;
  }
}

}  // namespace
}  // namespace tightrope::measure_test
