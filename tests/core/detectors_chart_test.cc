// SPDX-License-Identifier: Apache-2.0
// Known answers of the control charts: steps, units, run lengths and errors.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/random/stream.h"
#include "tests/core/detectors_support.h"

namespace tightrope::detector_test {
namespace {

using ::testing::HasSubstr;

struct ChartStep {
  const char* yaml;
  int delay;         // of the alarm, by hand
  double statistic;  // at the alarm
};

class ChartStepTest : public ::testing::TestWithParam<ChartStep> {};

// From 0 to 2 or -2 at sample 1000, without noise.
TEST_P(ChartStepTest, IsFoundWithDirectionAndTime) {
  for (const int direction : {1, -1}) {
    const auto detector = make_detector(GetParam().yaml);
    int at = -1;
    for (int i = 0; i < 1100 && at < 0; ++i) {
      const DetectorState state = detector->update(i >= 1000 ? 2 * direction : 0);
      if (state.verdict == AlarmLevel::kNone) continue;
      at = i;
      EXPECT_EQ(state.verdict, AlarmLevel::kDrift);
      EXPECT_EQ(state.direction, direction);
      EXPECT_EQ(state.change_time, 1000);
      EXPECT_GT(state.statistic, state.threshold);
      EXPECT_NEAR(state.statistic, GetParam().statistic, 1e-12);
    }
    EXPECT_EQ(at, 1000 + GetParam().delay) << GetParam().yaml;
  }
}

// cusum gains 1.5 a sample. The averages are 2 (1 - q^j) after j samples, q = 0.5 and 0.9, those of
// the running mean lag it by less than 2 j / 1000; the chart of river then has the variance
// 4 q^j (1 - q^j) and crosses where q^j < 0.543, at j = 6.
constexpr ChartStep kSteps[] = {
    {"{type: cusum, mean: 0, deviation: 1}", 3, 6},
    {"{type: cusum, mean: 0, deviation: 0.5, slack: 1, threshold: 5}", 1, 3},
    {"{type: shewhart, mean: 0, deviation: 0.5}", 0, 2},
    {"{type: ewma, dialect: roberts, mean: 0, deviation: 1, alpha: 0.5, threshold: 3}", 2, 1.75},
    {"{type: ewma}", 5, 2 * (1 - 0.531441) - 12.0 / 1006},
    {"{type: gma, alpha: 0.9, threshold: 0.5}", 2,
     0.2 * (0.81 * 1000 / 1001 + 0.9 * 1000 / 1002 + 1000.0 / 1003)}};

INSTANTIATE_TEST_SUITE_P(Known, ChartStepTest, ::testing::ValuesIn(kSteps));

TEST(ChartLimit, IsNotBeyondItself) {
  const auto detector = make_detector("{type: shewhart, mean: 0, deviation: 1}");
  EXPECT_EQ(detector->update(3).verdict, AlarmLevel::kNone);
  EXPECT_EQ(detector->update(-3).verdict, AlarmLevel::kNone);
  EXPECT_EQ(detector->update(std::nextafter(3.0, 4.0)).verdict, AlarmLevel::kDrift);
}

// Falling samples are below their running mean until they jump, but above 0 all the time.
TEST(ChartChangeTime, IsWhereTheAverageCrossed) {
  for (const char* yaml : {"{type: ewma, dialect: roberts, mean: 0, deviation: 1, alpha: 0.9}",
                           "{type: gma, alpha: 0.1}"}) {
    const auto detector = make_detector(yaml);
    DetectorState state;
    for (int i = 0; i < 1010 && state.verdict == AlarmLevel::kNone; ++i) {
      state = detector->update(i < 1000 ? 1 - 0.0005 * i : i < 1003 ? 0.501 : 9);
    }
    EXPECT_EQ(state.direction, 1) << yaml;
    EXPECT_EQ(state.change_time, yaml[7] == 'g' ? 1003 : 0) << yaml;
  }
}

// alpha / (2 - alpha) = 1 / 3, and 1 - 2^(-2 n) of it after n samples.
TEST(ChartLimit, OfTheAverageWidensToItsAsymptote) {
  const auto detector = make_detector(
      "{type: ewma, dialect: roberts, mean: 0, deviation: 2, alpha: 0.5, threshold: 3}");
  for (int n = 1; n < 60; ++n) {
    EXPECT_NEAR(detector->update(0.1).threshold, 6 * std::sqrt((1 - std::pow(0.25, n)) / 3), 1e-14);
  }
}

TEST(ChartConstant, GivesNoFalseAlarm) {
  for (const char* yaml :
       {"{type: cusum}", "{type: cusum, dialect: moa, mode: up}", "{type: shewhart}",
        "{type: ewma}", "{type: ewma, dialect: roberts}", "{type: gma, threshold: 1e-9}",
        "{type: page_hinkley, standardize: true}"}) {
    const auto detector = make_detector(yaml);
    EXPECT_TRUE(drifts(*detector, std::vector<double>(5000, 0.1)).empty()) << yaml;
  }
}

std::vector<double> normal_steps(double scale) {
  std::vector<double> x;
  Draws draws = Stream(20261126, Purpose::kStatistics, 0).at(0);
  for (int i = 0; i < 4000; ++i) x.push_back(scale * (draws.normal() + (i / 500 % 2 == 0 ? 0 : 2)));
  return x;
}

// A power of two scales without rounding. Page-Hinkley begins its two sums differently.
TEST(ChartUnits, DoNotMatterWhereTheScaleIsEstimated) {
  for (const char* yaml : {"{type: cusum}", "{type: shewhart}", "{type: ewma, threshold: 3}",
                           "{type: ewma, dialect: roberts}",
                           "{type: page_hinkley, standardize: true, threshold: 20}"}) {
    const auto detector = make_detector(yaml);
    const std::vector<int> at = drifts(*detector, normal_steps(1));
    EXPECT_FALSE(at.empty()) << yaml;
    for (const double scale : {0x1p-20, 64.0, -0.25}) {
      if (scale < 0 && std::string_view(yaml).find("hinkley") != std::string_view::npos) continue;
      detector->reset();
      EXPECT_EQ(drifts(*detector, normal_steps(scale)), at) << yaml << scale;
    }
  }
  const auto plain = make_detector("{type: page_hinkley, threshold: 20}");
  EXPECT_FALSE(drifts(*plain, normal_steps(1)).empty());
  plain->reset();
  EXPECT_TRUE(drifts(*plain, normal_steps(0x1p-20)).empty());
}

// The chart with its law estimated says what the same chart says when it is told that law.
TEST(ChartReference, IsThatOfTheFirstSamples) {
  const std::vector<double> x = normal_steps(1);
  double mean = 0, squares = 0;
  for (int i = 0; i < 30; ++i) mean += x[static_cast<std::size_t>(i)] / 30;
  for (int i = 0; i < 30; ++i) squares += std::pow(x[static_cast<std::size_t>(i)] - mean, 2);
  for (const char* type : {"cusum", "shewhart", "ewma, dialect: roberts"}) {
    const auto estimated = make_detector(fmt::format("{{type: {}}}", type));
    const auto given = make_detector(fmt::format("{{type: {}, mean: {:.17g}, deviation: {:.17g}}}",
                                                 type, mean, std::sqrt(squares / 29)));
    bool drift = false;
    for (int i = 0; i < 4000 && !drift; ++i) {
      const DetectorState state = estimated->update(x[static_cast<std::size_t>(i)]);
      if (i < 29) {
        EXPECT_EQ(state.threshold, std::numeric_limits<double>::infinity());
        continue;
      }
      const DetectorState expected = given->update(x[static_cast<std::size_t>(i)]);
      ASSERT_NEAR(state.statistic, expected.statistic, 1e-9) << type << i;
      ASSERT_NEAR(state.threshold, expected.threshold, 1e-9) << type << i;
      drift = state.verdict == AlarmLevel::kDrift;
      EXPECT_EQ(drift, expected.verdict == AlarmLevel::kDrift);
    }
    EXPECT_TRUE(drift);
  }
}

// Sorted run lengths to the first alarm over `runs` streams of N(0, 1).
std::vector<double> run_lengths(const std::string& yaml, int runs) {
  const auto detector = make_detector(yaml);
  const Stream stream(20261126, Purpose::kStatistics, 1);
  std::vector<double> lengths;
  for (int run = 0; run < runs; ++run) {
    detector->reset();
    Draws draws = stream.at(static_cast<std::uint32_t>(run));
    double n = 1;
    while (n < 1e6 && detector->update(draws.normal()).verdict != AlarmLevel::kDrift) ++n;
    lengths.push_back(n);
  }
  std::sort(lengths.begin(), lengths.end());
  return lengths;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// Run lengths are nearly geometric: their mean has the standard error mean / sqrt(runs).
TEST(ChartRunLength, IsThePublishedOneWithTheLawKnown) {
  const int runs = 3000;
  const std::vector<std::pair<std::string, double>> cases = {
      {"{type: cusum, mean: 0, deviation: 1}", 465},
      {"{type: shewhart, mean: 0, deviation: 1}", 370.4},
      {"{type: ewma, dialect: roberts, mean: 0, deviation: 1, alpha: 0.5, threshold: 3.071}", 500}};
  for (const auto& [yaml, published] : cases) {
    const double mean = mean_of(run_lengths(yaml, runs));
    EXPECT_NEAR(mean, published, 4 * published / std::sqrt(runs)) << yaml;
    RecordProperty(yaml.substr(7, 6), fmt::format("{}", mean));
  }
}

TEST(ChartRunLength, OfAnEstimatedCusumHasAMeanFarAboveItsMedian) {
  const std::vector<double> lengths = run_lengths("{type: cusum}", 4000);
  EXPECT_NEAR(mean_of(lengths), 683, 120);
  EXPECT_NEAR(lengths[2000], 180, 15);
  EXPECT_NEAR(lengths[400], 51, 4);
  RecordProperty("quantiles",
                 fmt::format("{} {} {}", mean_of(lengths), lengths[2000], lengths[400]));
}

TEST(ChartOptions, OutOfRangeAreRefusedByName) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"cusum, slack: -1", "slack"},
      {"cusum, threshold: 0", "threshold"},
      {"cusum, min_instances: 0", "min_instances"},
      {"cusum, mode: upp", "up"},
      {"cusum, mean: 1", "deviation = null violates given when mean is"},
      {"cusum, deviation: 1", "mean = null violates given when deviation is"},
      {"cusum, mean: 0, deviation: 0", "deviation"},
      {"cusum, dialect: moa", "mode = both violates up with dialect moa"},
      {"cusum, dialect: moa, mode: up, mean: 1, deviation: 1", "violates null with dialect moa"},
      {"cusum, dialect: page", "river"},
      {"shewhart, k: 0", "k"},
      {"shewhart, threshold: 3", "unknown"},
      {"ewma, alpha: 0", "alpha"},
      {"ewma, alpha: 1.1", "alpha"},
      {"ewma, mean: 0, deviation: 1", "violates null with dialect river"},
      {"gma, alpha: 1", "alpha"},
      {"gma, threshold: 0", "threshold"},
      {"page_hinkley, standardize: 1", "standardize"}};
  for (const auto& [yaml, text] : cases) {
    EXPECT_THAT(refusal("{type: " + yaml + "}"), HasSubstr(text)) << yaml;
  }
}

}  // namespace
}  // namespace tightrope::detector_test
