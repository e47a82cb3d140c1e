// SPDX-License-Identifier: Apache-2.0
// What every registered measure must do.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "analysis/measures/permutation.h"
#include "tests/analysis/measures_support.h"

namespace tightrope::measure_test {
namespace {

constexpr int kCells = 6;

class MeasureConformance : public ::testing::TestWithParam<std::string> {
 protected:
  std::shared_ptr<const Measure> measure_ = make_measure(GetParam());
  Draws draws_ = Stream(3, Purpose::kProbe, 1).at(0);

  std::vector<double> positions() {
    std::vector<double> at;
    for (int i = 0; i < kCells; ++i) at.push_back(3 * draws_.normal());
    return at;
  }
};

TEST_P(MeasureConformance, SaysItsUnit) { EXPECT_FALSE(measure_->facts().unit.empty()); }

TEST_P(MeasureConformance, KeepsToItsRangeWithEmptyCells) {
  const Range range = measure_->facts().range;
  for (int i = 0; i < 500; ++i) {
    const auto p = random_law(draws_, kCells, i % 2 == 0),
               q = random_law(draws_, kCells, i % 3 == 0);
    const double value = measure_->exact(LawPair::of(p, q, positions()));
    ASSERT_FALSE(std::isnan(value));
    ASSERT_TRUE(range.contains(value)) << value;
    ASSERT_GT(value, 0);
    ASSERT_NEAR(measure_->exact(LawPair::of(p, p)), 0, 1e-15);
  }
}

TEST_P(MeasureConformance, IsSymmetricWhereItSaysSo) {
  double most = 0;
  for (int i = 0; i < 100; ++i) {
    const auto p = random_law(draws_, kCells, false), q = random_law(draws_, kCells, false);
    const auto at = positions();
    const double there = measure_->exact(LawPair::of(p, q, at));
    most = std::max(most, std::abs(there - measure_->exact(LawPair::of(q, p, at))) / there);
  }
  EXPECT_EQ(most < 1e-12, measure_->facts().symmetric) << most;
}

TEST_P(MeasureConformance, ObeysTheTriangleWhereItSaysSo) {
  bool broken = false;
  for (int i = 0; i < 2000; ++i) {
    const auto p = random_law(draws_, 2, true), q = random_law(draws_, 2, false),
               r = random_law(draws_, 2, true);
    const double direct = measure_->exact(LawPair::of(p, r));
    const double around = measure_->exact(LawPair::of(p, q)) + measure_->exact(LawPair::of(q, r));
    broken = broken || direct > around + 1e-12;
  }
  EXPECT_EQ(broken, !measure_->facts().metric);
}

TEST_P(MeasureConformance, SeesPositionsWhereItSaysSo) {
  const auto p = random_law(draws_, kCells, false), q = random_law(draws_, kCells, false);
  const std::vector<double> one = {0, 1, 2, 3, 4, 5}, other = {0, 1, 2, 3, 4, 50};
  const bool differs =
      measure_->exact(LawPair::of(p, q, one)) != measure_->exact(LawPair::of(p, q, other));
  EXPECT_EQ(differs, measure_->facts().ordered);
}

TEST_P(MeasureConformance, OrderOfCellsDoesNotMatter) {
  auto p = random_law(draws_, kCells, false), q = random_law(draws_, kCells, true),
       at = positions();
  const double value = measure_->exact(LawPair::of(p, q, at));
  for (auto* v : {&p, &q, &at}) std::reverse(v->begin(), v->end());
  const double reversed = measure_->exact(LawPair::of(p, q, at));
  EXPECT_TRUE(value == reversed || std::abs(value - reversed) < 1e-13) << value << " " << reversed;
}

TEST_P(MeasureConformance, LogarithmsGiveTheSame) {
  for (int i = 0; i < 50; ++i) {
    const auto p = random_law(draws_, kCells, true), q = random_law(draws_, kCells, i % 2 == 0);
    std::vector<double> log_p, log_q;
    for (const double x : p) log_p.push_back(std::log(x));
    for (const double x : q) log_q.push_back(std::log(x));
    const double value = measure_->exact(LawPair::of(p, q));
    const double from_logs = measure_->exact(LawPair::of_logs(log_p, log_q));
    EXPECT_TRUE(value == from_logs || std::abs(value - from_logs) < 1e-13 * (1 + value));
  }
}

// What the pool prepares (bins, ranks, kernel, features) must not know who holds which point.
TEST_P(MeasureConformance, DealingIsRebuilding) {
  const auto x = normals(draws_, 23), y = normals(draws_, 37, 0.5);
  const Pool pool = Pool::of(x, y);
  const auto estimator = measure_->pooled(pool, kStream);
  EXPECT_FALSE(estimator->text().empty());
  constexpr std::size_t kOrders = 21;
  std::vector<std::uint32_t> orders(kOrders * pool.size());
  std::vector<double> estimates(kOrders);
  for (std::size_t b = 0; b < kOrders; ++b) {
    const auto order = std::span(orders).subspan(b * pool.size(), pool.size());
    std::iota(order.begin(), order.end(), 0U);
    for (std::size_t i = pool.size(); i > 1; --i) {
      std::swap(order[i - 1], order[draws_.below(static_cast<std::uint32_t>(i))]);
    }
  }
  estimator->estimate(orders, estimates);
  for (std::size_t b = 0; b < kOrders; ++b) {
    std::vector<double> dealt;
    for (std::size_t i = 0; i < pool.size(); ++i) {
      dealt.push_back(pool.values[orders[b * pool.size() + i]]);
    }
    const auto all = std::span(std::as_const(dealt));
    const double alone = estimate(*measure_, Pool::of(all.first(x.size()), all.subspan(x.size())));
    EXPECT_TRUE(alone == estimates[b] || std::abs(alone - estimates[b]) < 1e-12 * (1 + alone))
        << alone << " " << estimates[b];
  }
}

// With many draws the estimate is the exact form of the laws drawn from.
TEST_P(MeasureConformance, EstimateTendsToTheExactForm) {
  constexpr int kDraws = 4000;
  const std::vector<double> p = {.1, .2, .3, .4}, q = {.4, .3, .1, .2}, at = {0, 1, 2, 3};
  std::vector<double> x, y;
  for (int i = 0; i < kDraws / 2; ++i) {
    x.push_back(draws_.categorical(p));
    y.push_back(draws_.categorical(q));
  }
  const bool features = GetParam() == "mmd_features", linear = GetParam() == "mmd_linear";
  const bool kernel = GetParam() == "mmd" || features || linear;
  const std::string yaml = !kernel    ? GetParam()
                           : features ? "{type: mmd_features, bandwidth: 1, features: 2048}"
                                      : "{type: " + GetParam() + ", bandwidth: 1}";
  const auto measure = make_measure(yaml);
  const double truth = measure->exact(LawPair::of(p, q, at));
  const double tolerance = linear ? 0.25 : features ? 0.12 : measure->facts().ordered ? 0.08 : 0.12;
  EXPECT_NEAR(estimate(*measure, Pool::of(x, y)), truth, tolerance * truth);
}

TEST_P(MeasureConformance, SamplesThatDifferAreFound) {
  const auto x = normals(draws_, 100), y = normals(draws_, 100, 2);
  const PermutationResult r = permutation_test(*measure_, Pool::of(x, y), 199, kStream);
  EXPECT_EQ(r.p, 1.0 / 200);
  EXPECT_GT(r.value, r.null_95);
  EXPECT_GE(r.null_95, r.null_mean);
}

TEST_P(MeasureConformance, OnePlaceIsNoDifference) {
  const std::vector<double> x(20, 3.0);
  const PermutationResult r = permutation_test(*measure_, Pool::of(x, x), 49, kStream);
  EXPECT_NEAR(r.value, 0, 1e-12);
  EXPECT_EQ(r.p, 1);
}

// The greatest distance of the p-values' distribution function above and below the uniform one.
struct Distance {
  double above = 0, below = 0;
};

template <class MakePool>
Distance from_uniform(const Measure& measure, MakePool make_pool) {
  constexpr int kTests = 200, kPermutations = 99;
  std::vector<double> p;
  for (int i = 0; i < kTests; ++i) {
    const Stream stream(11, Purpose::kStatistics, static_cast<std::uint64_t>(i));
    p.push_back(permutation_test(measure, make_pool(), kPermutations, stream).p);
  }
  Distance d;
  for (int k = 1; k <= kPermutations + 1; ++k) {
    const double level = k / (kPermutations + 1.0);
    const auto at_or_below =
        std::count_if(p.begin(), p.end(), [&](double x) { return x <= level + 1e-12; });
    const double excess = static_cast<double>(at_or_below) / kTests - level;
    d.above = std::max(d.above, excess);
    d.below = std::max(d.below, -excess);
  }
  return d;
}

// Kolmogorov-Smirnov: 1.63 / sqrt(200) = 0.115 is passed by 99 % of uniform p-values.
TEST_P(MeasureConformance, PValuesAreUniformUnderTheNull) {
  const auto make = [this] { return Pool::of(normals(draws_, 30), normals(draws_, 20)); };
  const Distance d = from_uniform(*measure_, make);
  EXPECT_LT(d.above, 0.115);
  // Estimates over few bins tie, infinite ones all do: p may then only be too large.
  const bool continuous = measure_->facts().ordered;
  if (continuous) {
    EXPECT_LT(d.below, 0.115);
  }
}

TEST_P(MeasureConformance, PValuesOfTiedDataAreNeverTooSmall) {
  const auto make = [this] {
    std::vector<double> x, y;
    for (int i = 0; i < 15; ++i) x.push_back(draws_.below(2));
    for (int i = 0; i < 15; ++i) y.push_back(draws_.below(2));
    return Pool::of(x, y);
  };
  EXPECT_LT(from_uniform(*measure_, make).above, 0.115);
}

TEST_P(MeasureConformance, TakesLabelsOrNamesAMeasureThatDoes) {
  const std::vector<std::string> x = {"a", "b", "b"}, y = {"b", "c", "c"};
  const Pool pool = Pool::of_labels(x, y);
  if (!measure_->facts().ordered) {
    EXPECT_EQ(measure_->pooled(pool, kStream)->text(), "plug-in over 3 categories");
    return;
  }
  try {
    measure_->pooled(pool, kStream);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()),
              GetParam() + " needs numbers, these are labels: total_variation takes them");
  }
}

TEST_P(MeasureConformance, TakesAPlaneOrNamesAMeasureThatDoes) {
  const auto x = normals(draws_, 20), y = normals(draws_, 30);
  const Pool pool = Pool::of(x, y, 2);
  try {
    EXPECT_TRUE(std::isfinite(estimate(*measure_, pool)));
    EXPECT_TRUE(measure_->facts().ordered);
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("energy"), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(All, MeasureConformance,
                         ::testing::ValuesIn(Registry<Measure>::get().names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace tightrope::measure_test
