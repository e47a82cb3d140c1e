// SPDX-License-Identifier: Apache-2.0
// The detectors against what other programs say of the same streams: tests/golden/detectors.json.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/detectors/exponential_histogram.h"
#include "tests/core/detectors_support.h"
#include "tests/core/parity_streams.h"

namespace tightrope::detector_test {
namespace {

TEST(DetectorGolden, StreamsAreThoseOfTheirRecipes) {
  const auto all = golden()["streams"];
  ASSERT_FALSE(all.empty());
  for (const auto& g : all) {
    const std::string name = g["name"];
    const std::vector<double> x = parity_stream(name);
    EXPECT_EQ(x.size(), g["length"].get<std::size_t>()) << name;
    double sum = 0;
    std::int64_t hash = 0;
    for (const double value : x) {
      sum += value;
      hash = (31 * hash + std::llround(value)) % 1000000007;
    }
    if (g.contains("sum")) {
      EXPECT_NEAR(sum, g["sum"].get<double>(), 1e-11) << name;
    }
    if (g.contains("hash")) {
      EXPECT_EQ(hash, g["hash"].get<std::int64_t>()) << name;
    }
  }
}

TEST(DetectorGolden, DriftsAreWherePeersSayThem) {
  const auto all = golden()["drifts"];
  ASSERT_FALSE(all.empty());
  for (const auto& g : all) {
    const auto detector = make_detector(g["detector"]);
    const Alarms alarms = listen(*detector, parity_stream(g["stream"]));
    if (g.contains("at")) {
      EXPECT_EQ(alarms.drifts, g["at"].get<std::vector<int>>()) << g;
    } else {
      ASSERT_FALSE(alarms.drifts.empty()) << g;
      EXPECT_EQ(alarms.drifts[0], g["first"].get<int>()) << g;
    }
    if (g.contains("first_warnings")) {
      EXPECT_EQ(alarms.first_warnings, g["first_warnings"].get<std::vector<int>>()) << g;
    }
    if (g.contains("directions")) {
      EXPECT_EQ(alarms.directions, g["directions"].get<std::vector<int>>()) << g;
    }
  }
}

TEST(DetectorGolden, EveryVerdictIsThatOfThePeer) {
  const auto all = golden()["verdicts"];
  ASSERT_FALSE(all.empty());
  for (const auto& g : all) {
    const auto detector = make_detector(g["detector"]);
    std::int64_t hash = 0, warnings = 0, drifts = 0;
    for (const double x : parity_stream(g["stream"])) {
      const AlarmLevel verdict = detector->update(x).verdict;
      warnings += verdict == AlarmLevel::kWarning ? 1 : 0;
      drifts += verdict == AlarmLevel::kDrift ? 1 : 0;
      hash = (31 * hash + static_cast<std::int64_t>(verdict)) % 1000000007;
    }
    EXPECT_EQ(warnings, g["warnings"].get<std::int64_t>()) << g;
    EXPECT_EQ(drifts, g["drifts"].get<std::int64_t>()) << g;
    EXPECT_EQ(hash, g["hash"].get<std::int64_t>()) << g;
  }
}

void expect_window(const ExponentialHistogram& window, const nlohmann::json& g, double tolerance) {
  EXPECT_EQ(window.width(), g["width"].get<double>());
  EXPECT_NEAR(window.total(), g["total"].get<double>(), tolerance);
  EXPECT_NEAR(window.squares(), g["squares"].get<double>(), tolerance);
}

TEST(DetectorGolden, AdwinWindowKeepsItsSums) {
  const auto g = golden()["window"];
  ExponentialHistogram sevens(5), sines(5);
  for (int i = 0; i < 200; ++i) sevens.insert(i % 7);
  expect_window(sevens, g[0], 1e-10);
  for (const double x : parity_stream("sine")) sines.insert(x);
  expect_window(sines, g[1], 0);  // the last bit: operation by operation as river
  double samples = 0;
  for (int row = 0; row < sines.rows(); ++row) {
    samples += sines.count(row) * ExponentialHistogram::size(row);
    EXPECT_LE(sines.count(row), 5);
  }
  EXPECT_EQ(samples, 10000);
}

TEST(DetectorGolden, EDetectorStatisticsAndAlarms) {
  const auto all = golden()["e_detector"];
  ASSERT_FALSE(all.empty());
  for (const auto& g : all) {
    const auto detector = make_detector(g["detector"]);
    const std::vector<double> x = parity_stream(g["stream"]);
    double largest = 0;
    for (int i = 0; i <= g["at"].get<int>(); ++i) {
      const DetectorState state = detector->update(x[static_cast<std::size_t>(i)]);
      if (i < 1000) largest = std::max(largest, state.statistic);
      if (i < g["at"].get<int>()) {
        ASSERT_EQ(state.verdict, AlarmLevel::kNone) << g << i;
        continue;
      }
      EXPECT_EQ(state.verdict, AlarmLevel::kDrift) << g;
      EXPECT_EQ(state.direction, 1);
      EXPECT_NEAR(static_cast<double>(state.change_time), 1000, 5) << g;
      EXPECT_NEAR(state.statistic / g["value"].get<double>(), 1, 1e-13) << g;
      EXPECT_EQ(state.threshold, 1000);
    }
    EXPECT_NEAR(largest, g["largest_before_1000"].get<double>(), 1e-10) << g;
  }
}

}  // namespace
}  // namespace tightrope::detector_test
