// SPDX-License-Identifier: Apache-2.0
// The elementary split of the ledger: its definition, its zeros and what follows from it.
#include "analysis/measures/beneficial.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "core/base/math.h"
#include "core/random/stream.h"

namespace tightrope {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

DriftSplit split(double p, double o, double n) {
  return split_drift(Mass::of(p), Mass::of(o), Mass::of(n));
}

double d(double p, double q) { return divergence_term(Mass::of(p), Mass::of(q)); }

// From 1e-12 to 1, a tenth of them exactly 0 and a tenth exactly 1.
double any_probability(Draws& draws) {
  const double kind = draws.uniform();
  if (kind < 0.1) return 0;
  if (kind < 0.2) return 1;
  return std::pow(draws.uniform(), kind < 0.5 ? 12 : 1);
}

// A law over 9 tokens, in logarithms, with empty cells when `zeros`.
std::vector<double> any_law(Draws& draws, bool zeros) {
  std::vector<double> law(9);
  for (double& x : law) x = zeros && draws.bernoulli(0.3) ? kNegativeInfinity : 3 * draws.normal();
  law[draws.below(9)] = 0;
  normalise_log(law);
  return law;
}

double kl(const std::vector<double>& log_p, const std::vector<double>& log_q) {
  double sum = 0;
  for (std::size_t i = 0; i < log_p.size(); ++i) {
    sum += kl_term(std::exp(log_p[i]), std::exp(log_q[i]));
  }
  return sum;
}

TEST(Beneficial, ThreeCasesByHand) {
  // Towards: .2 -> .4 under P = .5.
  EXPECT_NEAR(split(.5, .2, .4).beneficial, .5 * std::log(2) - .2, 1e-15);
  EXPECT_EQ(split(.5, .2, .4).detrimental, 0);
  // Past: .2 -> .8.
  EXPECT_NEAR(split(.5, .2, .8).beneficial, .5 * std::log(2.5) - .3, 1e-15);
  EXPECT_NEAR(split(.5, .2, .8).detrimental, .5 * std::log(.625) + .3, 1e-15);
  // Away: .4 -> .2.
  EXPECT_EQ(split(.5, .4, .2).beneficial, 0);
  EXPECT_NEAR(split(.5, .4, .2).detrimental, .5 * std::log(2) - .2, 1e-15);
  // The same three from above.
  EXPECT_NEAR(split(.5, .8, .6).beneficial, .5 * std::log(.75) + .2, 1e-15);
  EXPECT_NEAR(split(.5, .8, .2).beneficial, .5 * std::log(.625) + .3, 1e-15);
  EXPECT_NEAR(split(.5, .6, .8).detrimental, .5 * std::log(.75) + .2, 1e-15);
}

TEST(Beneficial, ZerosAreDefined) {
  EXPECT_EQ(d(0, .3), .3);
  EXPECT_EQ(d(0, 0), 0);
  EXPECT_EQ(d(.3, 0), kInfinity);
  EXPECT_EQ(split(0, .3, .1).beneficial, .3 - .1);
  EXPECT_EQ(split(0, .1, 0).beneficial, .1);
  EXPECT_EQ(split(0, .1, .3).detrimental, .3 - .1);
  EXPECT_EQ(split(.5, 0, .2).beneficial, kInfinity);
  EXPECT_EQ(split(.5, 0, .2).detrimental, 0);
  EXPECT_EQ(split(.5, 0, .8).beneficial, kInfinity);
  EXPECT_NEAR(split(.5, 0, .8).detrimental, d(.5, .8), 1e-16);
  EXPECT_EQ(split(.5, .2, 0).detrimental, kInfinity);
  EXPECT_EQ(split(.5, .8, 0).detrimental, kInfinity);
  EXPECT_NEAR(split(.5, .8, 0).beneficial, d(.5, .8), 1e-16);
  for (const double p : {0., .5, 1.}) {
    EXPECT_EQ(split(p, 0, 0).beneficial, 0);
    EXPECT_EQ(split(p, 0, 0).detrimental, 0);
  }
}

TEST(Beneficial, ALogarithmBelowTheSmallestProbabilityIsNoEmptyCell) {
  const Mass p = Mass::of(.5), far = Mass::of_log(-900), farther = Mass::of_log(-1000);
  EXPECT_EQ(far.probability, 0);
  EXPECT_NEAR(split_drift(p, far, farther).detrimental, 50, 1e-12);
  EXPECT_NEAR(split_drift(p, farther, far).beneficial, 50, 1e-12);
  EXPECT_EQ(split_drift(far, p, Mass::of(.2)).beneficial, .3);
}

TEST(Beneficial, PropertiesOfASingleMove) {
  Draws draws = Stream(1, Purpose::kProbe, 1).at(0);
  int past = 0, infinite = 0;
  for (int i = 0; i < 20000; ++i) {
    const double p = any_probability(draws), o = any_probability(draws), n = any_probability(draws);
    const DriftSplit s = split(p, o, n);
    ASSERT_GE(s.beneficial, 0) << p << " " << o << " " << n;
    ASSERT_GE(s.detrimental, 0) << p << " " << o << " " << n;
    const double before = d(p, o), after = d(p, n);
    if (std::isfinite(before) && std::isfinite(after)) {
      ASSERT_NEAR(s.net(), before - after, 1e-15 * (1 + before + after))
          << p << " " << o << " " << n;
    } else if (o != n) {
      ASSERT_EQ(s.net(), before - after) << p << " " << o << " " << n;
      ++infinite;
    }
    const bool passes = (o < p && n > p) || (o > p && n < p);
    if (!passes) {
      ASSERT_EQ(std::min(s.beneficial, s.detrimental), 0);
    }
    past += passes ? 1 : 0;
    // Time reversed, what was gained is lost.
    ASSERT_EQ(split(p, n, o).beneficial, s.detrimental);
    ASSERT_EQ(split(p, o, p).detrimental, 0);  // arriving at P
    ASSERT_EQ(split(p, p, n).beneficial, 0);   // leaving P
    ASSERT_EQ(split(p, o, o).beneficial + split(p, o, o).detrimental, 0);
  }
  EXPECT_GT(past, 2000);
  EXPECT_GT(infinite, 500);
}

TEST(Beneficial, TermIsConvexInBothArguments) {
  Draws draws = Stream(2, Purpose::kProbe, 1).at(0);
  for (int i = 0; i < 20000; ++i) {
    const double p1 = draws.uniform(), q1 = draws.uniform();
    const double p2 = draws.uniform(), q2 = draws.uniform(), w = draws.uniform();
    const double mixed = d(w * p1 + (1 - w) * p2, w * q1 + (1 - w) * q2);
    ASSERT_LE(mixed, w * d(p1, q1) + (1 - w) * d(p2, q2) + 1e-14);
  }
  for (double q = 0.05; q < 1; q += 0.1) EXPECT_EQ(d(q, q), 0);
}

TEST(Beneficial, AFurtherStepTheSameWayNeverLosesWhatWasGained) {
  // Along o -> P -> 1, B grows until P and stays; H is 0 until P and grows.
  for (const double p : {.1, .5, .9}) {
    DriftSplit last;
    for (double n = .05; n <= 1; n += .01) {
      const DriftSplit s = split(p, .05, n);
      ASSERT_GE(s.beneficial, last.beneficial - 1e-15);
      ASSERT_GE(s.detrimental, last.detrimental - 1e-15);
      last = s;
    }
  }
}

TEST(Beneficial, SumOverALawIsTheChangeOfKl) {
  Draws draws = Stream(3, Purpose::kProbe, 1).at(0);
  int finite = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto p = any_law(draws, true), o = any_law(draws, i % 2 == 0), n = any_law(draws, false);
    const DriftSplit s = split_drift(p, o, n);
    const double change = kl(p, o) - kl(p, n);
    if (std::isfinite(change)) {
      ASSERT_NEAR(s.net(), change, 1e-12);
      ++finite;
    } else {
      ASSERT_EQ(s.net(), kInfinity);
    }
  }
  EXPECT_GT(finite, 1000);
}

}  // namespace
}  // namespace tightrope
