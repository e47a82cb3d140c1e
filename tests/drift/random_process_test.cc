// SPDX-License-Identifier: Apache-2.0
// Random and measured drift: moments of the paths against their closed forms, exact magnitudes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "drift/random_path.h"
#include "tests/drift/drift_support.h"

namespace tightrope::drift_test {
namespace {

constexpr int kPaths = 20000;

struct Moments {
  double mean = 0, variance = 0;
};

// Over kPaths independent paths.
template <class Value>
Moments moments(Value value) {
  double sum = 0, squares = 0;
  for (int p = 0; p < kPaths; ++p) {
    const double x = value(path_stream(static_cast<std::uint64_t>(p)));
    sum += x;
    squares += x * x;
  }
  const double mean = sum / kPaths;
  return {mean, squares / kPaths - mean * mean};
}

// A variance estimated from n normals has relative deviation sqrt(2 / n): five of them.
void expect_moments(const Moments& m, double mean, double variance) {
  EXPECT_NEAR(m.mean, mean, 5 * std::sqrt(variance / kPaths));
  EXPECT_NEAR(m.variance, variance, 5 * std::sqrt(2.0 / kPaths) * variance);
}

TEST(RandomPath, WalkHasTheVarianceOfItsStepsAndIndependentIncrements) {
  const RandomPath walk{0, 0.1};
  for (const std::int64_t t : {1, 2, 7, 1000}) {
    expect_moments(moments([&](const Stream& s) { return walk.at(t, s); }), 0,
                   0.01 * static_cast<double>(t));
  }
  expect_moments(moments([&](const Stream& s) { return walk.at(640, s) - walk.at(600, s); }), 0,
                 0.01 * 40);
  const Moments sum =
      moments([&](const Stream& s) { return walk.at(3, s) + (walk.at(9, s) - walk.at(3, s)) * 2; });
  expect_moments(sum, 0, 0.01 * (3 + 4 * 6));
}

TEST(RandomPath, PulledPathHasItsCovariance) {
  const RandomPath path{0.05, 0.1};
  const auto variance = [](double t) { return 0.01 * (1 - std::exp(-0.1 * t)) / 0.1; };
  for (const std::int64_t t : {1, 16, 17, 5000}) {
    expect_moments(moments([&](const Stream& s) { return path.at(t, s); }), 0,
                   variance(static_cast<double>(t)));
  }
  // X(30) - exp(-20 rate) X(10) is independent of X(10) and has the variance of 20 steps.
  const Moments fresh = moments(
      [&](const Stream& s) { return path.at(30, s) - std::exp(-0.05 * 20) * path.at(10, s); });
  expect_moments(fresh, 0, variance(20));
}

TEST(RandomPath, ReadsTheSamePathFromAnyPlace) {
  const RandomPath path{0.01, 0.3};
  const double late = path.at(777, path_stream());
  path.at(3, path_stream());
  EXPECT_EQ(path.at(777, path_stream()), late);
  EXPECT_EQ(path.at(0, path_stream()), 0);
  EXPECT_NE(path.at(777, path_stream(2)), late);
  for (const double x : {-2.3, -0.4, 0.0, 0.7, 1.2, 5.5}) {
    EXPECT_GE(folded(x), 0);
    EXPECT_LE(folded(x), 1);
  }
  EXPECT_NEAR(folded(1.2), 0.8, 1e-15);
  EXPECT_NEAR(folded(-0.4), 0.4, 1e-15);
  EXPECT_NEAR(folded(2.3), 0.3, 1e-15);
}

TEST(RandomDrift, WalkStartsWhereItSaysAndNotBefore) {
  const auto walk = build("{type: random_walk, at: 50, first: 0.25, step: 0.05}");
  const DriftClock clock{100, &measure()};
  EXPECT_EQ(walk->progress(49, clock, path_stream()), 0);
  EXPECT_EQ(walk->progress(50, clock, path_stream()), 0.25);
  EXPECT_NE(walk->progress(60, clock, path_stream()), 0.25);
  EXPECT_EQ(values_at(*walk, "prior", 10), small_world().at("prior").values);
  const auto still = build("{type: random_walk, step: 0}");
  EXPECT_EQ(still->progress(100, clock, path_stream()), 0);
}

// Reflected at both ends the walk forgets its start and is uniform.
TEST(RandomDrift, WalkIsReflectedAtBothEnds) {
  const auto walk = build("{type: random_walk, first: 0.9, step: 0.1}");
  const DriftClock clock{1000, &measure()};
  double lowest = 1, highest = 0;
  const Moments m = moments([&](const Stream& s) {
    const double w = walk->progress(1000, clock, s);
    lowest = std::min(lowest, w);
    highest = std::max(highest, w);
    return w;
  });
  expect_moments(m, 0.5, 1.0 / 12);
  EXPECT_GE(lowest, 0);
  EXPECT_LE(highest, 1);
}

TEST(RandomDrift, OrnsteinUhlenbeckForgetsItsStart) {
  const auto process =
      build("{type: ornstein_uhlenbeck, mean: 0.6, rate: 0.1, volatility: 0.02, first: 0}");
  const DriftClock clock{1000, &measure()};
  const auto at = [&](std::int64_t t) {
    return moments([&](const Stream& s) { return process->progress(t, clock, s); });
  };
  expect_moments(at(5), 0.6 - 0.6 * std::exp(-0.5), 4e-4 * (1 - std::exp(-1.0)) / 0.2);
  expect_moments(at(1000), 0.6, 4e-4 / 0.2);
}

TEST(RandomDrift, MarkovStaysAreGeometric) {
  const auto process = build("{type: markov_switching, at: 10, stay_old: 20, stay_new: 5}");
  const DriftClock clock{100000, &measure()};
  const std::vector<DriftEvent> events = process->events(clock, path_stream());
  ASSERT_GT(events.size(), 2000U);
  double old_sum = 0, new_sum = 0, old_count = 0, new_count = 0;
  std::int64_t before = 10;
  for (std::size_t k = 0; k < events.size(); ++k) {
    EXPECT_EQ(events[k].kind, k % 2 == 0 ? "start" : "end");
    const auto stay = static_cast<double>(events[k].time - before);
    ASSERT_GE(stay, 1);
    (k % 2 == 0 ? old_sum : new_sum) += stay;
    (k % 2 == 0 ? old_count : new_count) += 1;
    before = events[k].time;
  }
  // A geometric stay of mean m has variance m (m - 1).
  EXPECT_NEAR(old_sum / old_count, 20, 5 * std::sqrt(20.0 * 19 / old_count));
  EXPECT_NEAR(new_sum / new_count, 5, 5 * std::sqrt(5.0 * 4 / new_count));
  for (std::size_t k = 0; k < 6; ++k) {
    const std::int64_t time = events[k].time;
    EXPECT_EQ(process->progress(time, clock, path_stream()), k % 2 == 0 ? 1 : 0);
    EXPECT_EQ(process->progress(time - 1, clock, path_stream()), k % 2 == 0 ? 0 : 1);
  }
}

TEST(Blip, ComesAndGoes) {
  const auto blip = build("{type: blip, at: 30, length: 10}");
  const DriftClock clock{100, &measure()};
  for (const std::int64_t t : {0, 29, 40, 100}) {
    EXPECT_EQ(values_at(*blip, "prior", t), small_world().at("prior").values) << t;
  }
  EXPECT_EQ(values_at(*blip, "prior", 39), std::vector<double>(4, 0.25));
  const std::vector<DriftEvent> events = blip->events(clock, path_stream());
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].time, 30);
  EXPECT_EQ(events[1].time, 40);
  const auto soft = build("{type: blip, at: 30, length: 20, width: 10}");
  EXPECT_NEAR(soft->progress(30, clock, path_stream()), 0.5, 1e-12);
  EXPECT_EQ(soft->progress(40, clock, path_stream()), 1);
}

TEST(MagnitudeTargeted, HitsEveryDistance) {
  for (const char* distance : {"kl", "hellinger", "total_variation"}) {
    const auto process = build(std::string("{type: magnitude_targeted, at: 5, to: permuted, "
                                           "magnitude: 0.07, distance: ") +
                               distance + "}");
    const DriftClock clock{100, &measure()};
    const WorldParams after = process->apply(small_world(), 60, clock, path_stream());
    const MechanismDistance row = measure().distances(small_world(), after)[0];
    const double got = std::string(distance) == "kl"          ? row.kl
                       : std::string(distance) == "hellinger" ? row.hellinger
                                                              : row.total_variation;
    EXPECT_NEAR(got, 0.07, 1e-6) << distance;
    EXPECT_EQ(values_at(*process, "prior", 4), small_world().at("prior").values);
  }
  const auto visual = build(
      "{type: magnitude_targeted, at: 0, factor: visual, table: polarity, to: 0.5, magnitude: 0.2, "
      "mechanism: visual}");
  const WorldParams after =
      visual->apply(small_world(), 0, DriftClock{100, &measure()}, path_stream());
  EXPECT_NEAR(measure().distances(small_world(), after)[1].kl, 0.2, 1e-6);
}

TEST(MagnitudeTargeted, SaysWhatCannotBeReached) {
  EXPECT_NE(drift_error("{type: magnitude_targeted, magnitude: 5}").find("the whole way"),
            std::string::npos);
  EXPECT_NE(drift_error("{type: magnitude_targeted, mechanism: colour}").find("prior, visual"),
            std::string::npos);
  const auto process = build("{type: magnitude_targeted, at: 0}");
  EXPECT_THROW(process->apply(small_world(), 0, DriftClock{10}, path_stream()), InputError);
}

}  // namespace
}  // namespace tightrope::drift_test
