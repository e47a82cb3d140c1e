// SPDX-License-Identifier: Apache-2.0
// ADWIN's pruned search for the clearest cut against the formula at every cut, bit for bit.
#include "core/detectors/adwin_cut.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/random/stream.h"

namespace tightrope {
namespace {

AdwinCut brute_force(const AdwinTest& test, const ExponentialHistogram& window) {
  const double width = window.width(), m = test.min_window_length;
  const double d = std::log(2 * std::log(width) / test.delta);
  const double variance = std::max(0.0, window.squares() / width);
  AdwinCut best;
  double n0 = 0, u0 = 0;
  for (int row = window.rows() - 1; row >= 0; --row) {
    const int count = window.count(row) - std::max(test.skipped, row == 0 ? 1 : 0);
    for (int k = 0; k < count; ++k) {
      n0 += ExponentialHistogram::size(row);
      u0 += window.totals(row)[k];
      const double n1 = width - n0, u1 = window.total() - u0;
      if (n0 < test.shortest || n1 < test.shortest) continue;
      const double r = 1 / (n0 - m + 1) + 1 / (n1 - m + 1);
      const double difference = u1 / n1 - u0 / n0;
      const double bound = std::sqrt(2 * r * variance * d) + 2.0 / 3 * d * r;
      const double excess = std::abs(difference) - bound;
      if (excess > best.excess) best = {difference, bound, n1, excess};
    }
  }
  return best;
}

// Sample i of a stream of each kind; the last three are hard on rounding or have many equal cuts.
double sample(int kind, int i, Draws& draws) {
  const bool late = i % 3000 >= 1500;
  switch (kind) {
    case 0:
      return draws.normal();
    case 1:
      return draws.normal() + (late ? 1 : 0);
    case 2:
      return draws.uniform() < (late ? 0.35 : 0.3) ? 1 : 0;
    case 3:
      return std::sin(0.7 * i);
    case 4:
      return std::exp(4 * draws.normal());
    case 5:
      return 1e9 + draws.normal();
    case 6:
      return 1e-200 * draws.normal();
    default:
      return 0.1;
  }
}

TEST(AdwinCut, IsThatOfTheFormulaAtEveryCut) {
  int judged = 0, positive = 0;
  for (int kind = 0; kind <= 7; ++kind) {
    for (const int max_buckets : {2, 5, 20}) {
      for (const AdwinTest& test :
           {AdwinTest{}, AdwinTest{.delta = 0.9, .min_window_length = 1, .shortest = 1},
            AdwinTest{.shortest = 7}, AdwinTest{.skipped = 1}}) {
        ExponentialHistogram window(max_buckets);
        Draws draws = Stream(6, Purpose::kStatistics, kind).at(max_buckets);
        for (int i = 0; i < 6000; ++i) {
          window.insert(sample(kind, i, draws));
          if (i == 0 || (i > 300 && i % 7 != 0)) continue;
          const AdwinCut found = test.clearest(window), expected = brute_force(test, window);
          ASSERT_EQ(found.excess, expected.excess) << kind << " " << max_buckets << " " << i;
          ASSERT_EQ(found.difference, expected.difference) << kind << " " << i;
          ASSERT_EQ(found.bound, expected.bound) << kind << " " << i;
          ASSERT_EQ(found.newer, expected.newer) << kind << " " << i;
          judged += found.newer > 0 ? 1 : 0;
          if (found.excess > 0 && i % 2 == 0 && window.width() > 64) window.drop_oldest();
          positive += found.excess > 0 ? 1 : 0;
        }
      }
    }
  }
  EXPECT_GT(judged, 50000);
  EXPECT_GT(positive, 1000);
}

}  // namespace
}  // namespace tightrope
