// SPDX-License-Identifier: Apache-2.0
// Known answers of the change detectors: delays, directions, run lengths, options and errors.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/random/stream.h"
#include "tests/core/detectors_support.h"

namespace tightrope::detector_test {
namespace {

using ::testing::HasSubstr;

struct Step {
  const char* up;    // the detector for a step up
  const char* down;  // and for one down
  int latest;        // delay within which the step must be found
  int early;         // greatest error of the estimated change time
};

class DetectorStep : public ::testing::TestWithParam<Step> {};

// 0.2 to 0.8 or back at sample 1000, without noise.
TEST_P(DetectorStep, IsFoundInTimeWithItsDirection) {
  for (const int direction : {1, -1}) {
    const std::string yaml = direction > 0 ? GetParam().up : GetParam().down;
    const auto detector = make_detector(yaml);
    std::vector<int> at;
    for (int i = 0; i < 2000; ++i) {
      const bool high = (i >= 1000) == (direction > 0);
      const DetectorState state = detector->update(high ? 0.8 : 0.2);
      if (state.verdict != AlarmLevel::kDrift) {
        ASSERT_EQ(state.direction, 0);
        ASSERT_EQ(state.change_time, -1);
        continue;
      }
      at.push_back(i);
      EXPECT_GE(state.statistic, state.threshold);
      EXPECT_EQ(state.direction, direction);
      EXPECT_NEAR(static_cast<double>(state.change_time), 1000, GetParam().early);
      break;
    }
    ASSERT_EQ(at.size(), 1U) << yaml;
    EXPECT_GE(at[0], 1000);
    EXPECT_LE(at[0], 1000 + GetParam().latest) << yaml;
  }
}

// ADWIN tests every 32nd sample; at the first test 24 samples are new, in summaries of 8 at most.
// Page-Hinkley: threshold / (0.6 - 0.005) = 84.03 or 8.4 samples were the mean to stand still. The
// e-detector's best of ten bets grows by 1 + (10 / 11) 0.6 / 0.2 = 3.73 a sample: 8 samples from 1
// to the 1e4 that make a mean of 1000.
constexpr Step kSteps[] = {
    {"{type: adwin}", "{type: adwin}", 23, 0},
    {"{type: page_hinkley}", "{type: page_hinkley}", 90, 0},
    {"{type: page_hinkley, threshold: 5}", "{type: page_hinkley, threshold: 5}", 8, 0},
    {"{type: e_detector, null_mean: 0.2, mode: up, form: cusum}",
     "{type: e_detector, null_mean: 0.8, mode: down, form: cusum}", 7, 0},
    {"{type: e_detector, null_mean: 0.3, mode: up}",
     "{type: e_detector, null_mean: 0.7, mode: down}", 13, 0}};

INSTANTIATE_TEST_SUITE_P(Known, DetectorStep, ::testing::ValuesIn(kSteps));

TEST(DetectorConstant, GivesNoFalseAlarm) {
  for (const char* yaml :
       {"{type: adwin}", "{type: adwin, clock: 1, grace_period: 0}", "{type: page_hinkley}",
        "{type: page_hinkley, delta: 0, threshold: 1e-9}",
        "{type: e_detector, null_mean: 0.1, form: cusum}",
        "{type: e_detector, null_mean: 0.11, mode: up}"}) {
    const auto detector = make_detector(yaml);
    EXPECT_TRUE(drifts(*detector, std::vector<double>(5000, 0.1)).empty()) << yaml;
  }
}

TEST(DetectorConstant, AtTheNullMeanMeetsTheBoundOfTheSumExactly) {
  const auto detector = make_detector("{type: e_detector, alpha: 0.015625}");
  EXPECT_EQ(drifts(*detector, std::vector<double>(200, 0.5)), (std::vector<int>{63, 127, 191}));
}

// Mean run length and its standard error over `runs` streams whose law never changes; `sticky`
// makes the samples depend on each other with the conditional mean kept at 0.3.
std::pair<double, double> run_length(const std::string& yaml, bool sticky, int runs) {
  const auto detector = make_detector(yaml);
  const Stream stream(20261123, Purpose::kStatistics, sticky ? 1 : 0);
  double sum = 0, squares = 0;
  for (int run = 0; run < runs; ++run) {
    detector->reset();
    Draws draws = stream.at(static_cast<std::uint32_t>(run));
    double n = 1, x = 0;
    const auto next = [&] {
      const double high = sticky && x > 0.5 ? 0.6 : 1;  // the mean 0.3 in two ways
      return x = draws.bernoulli(0.3 / high) ? high : 0;
    };
    while (detector->update(next()).verdict != AlarmLevel::kDrift) ++n;
    sum += n;
    squares += n * n;
  }
  const double mean = sum / runs;
  return {mean, std::sqrt((squares / runs - mean * mean) / runs)};
}

TEST(DetectorRunLength, EDetectorKeepsItsBoundWithoutAChange) {
  for (const char* form : {"sr", "cusum"}) {
    for (const char* mode : {"up", "down", "both"}) {
      for (const bool sticky : {false, true}) {
        const auto [mean, error] =
            run_length(fmt::format("{{type: e_detector, null_mean: 0.3, alpha: 0.005, form: {}, "
                                   "mode: {}}}",
                                   form, mode),
                       sticky, 4000);
        EXPECT_GT(mean + 5 * error, 200) << form << mode << sticky << " " << mean;
        RecordProperty(fmt::format("{}_{}_{}", form, mode, sticky), fmt::format("{}", mean));
      }
    }
  }
}

TEST(DetectorRunLength, EDetectorIsAtThePublishedMean) {
  const auto [mean, error] = run_length(
      "{type: e_detector, null_mean: 0.3, alpha: 0.005, form: sr, mode: up}", false, 20000);
  EXPECT_GT(mean - 5 * error, 200);
  // The published mean is itself a simulation, rounded; its error is taken to be ours.
  EXPECT_NEAR(mean, golden()["run_length"]["mean"].get<double>(), 5 * std::sqrt(2.0) * error);
}

TEST(DetectorPosition, GoesOnCountingAfterADrift) {
  const auto detector = make_detector("{type: page_hinkley, threshold: 5}");
  std::vector<std::int64_t> changes;
  for (int i = 0; i < 600; ++i) {
    const DetectorState state = detector->update(i / 200 % 2 == 1 ? 1 : 0);
    if (state.verdict == AlarmLevel::kDrift) changes.push_back(state.change_time);
  }
  ASSERT_EQ(changes, (std::vector<std::int64_t>{200, 400}));
}

// Every sample is a summary of its own, and delta is so large that any cut shows the step.
TEST(DetectorMoa, WantsTwoSamplesMoreOnASide) {
  const std::string options =
      "{type: adwin, clock: 1, grace_period: 12, max_buckets: 20, delta: 0.999, ";
  const auto river = make_detector(options + "dialect: river}");
  const auto moa = make_detector(options + "dialect: moa, reset_after_drift: false}");
  std::vector<double> step(6, 0.0);
  step.resize(13, 1000.0);
  EXPECT_EQ(drifts(*river, step), std::vector<int>{12});
  EXPECT_TRUE(drifts(*moa, step).empty());
  moa->reset();
  step.insert(step.begin(), 0.0);
  EXPECT_EQ(drifts(*moa, step), std::vector<int>{13});
}

TEST(DetectorMoa, SaysNothingOfAFall) {
  const auto detector = make_detector("{type: adwin, dialect: moa, reset_after_drift: false}");
  std::vector<double> falling(1000, 1.0);
  falling.resize(2000, 0.0);
  EXPECT_TRUE(drifts(*detector, falling).empty());
  EXPECT_FALSE(drifts(*detector, std::vector<double>(1000, 1.0)).empty());
}

TEST(DetectorOptions, OutOfRangeAreRefusedByName) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"adwin, delta: 0", "delta"},
      {"adwin, delta: 1", "delta"},
      {"adwin, clock: 0", "clock"},
      {"adwin, max_buckets: 1", "max_buckets"},
      {"adwin, min_window_length: 0", "min_window_length"},
      {"adwin, grace_period: -1", "grace_period"},
      {"adwin, dialect: rivers", "river"},
      {"adwin, dialect: moa", "reset_after_drift = true violates false"},
      {"page_hinkley, min_instances: 0", "min_instances"},
      {"page_hinkley, delta: -1", "delta"},
      {"page_hinkley, threshold: 0", "threshold"},
      {"page_hinkley, alpha: 1.5", "alpha"},
      {"page_hinkley, mode: sideways", "mode"},
      {"page_hinkley, dialect: moa", "mode = both violates up"},
      {"e_detector, alpha: 0", "alpha"},
      {"e_detector, bets: 0", "bets"},
      {"e_detector, null_mean: 1", "null_mean = 1 violates low = 0 < null_mean < high = 1"},
      {"e_detector, form: sum", "form"},
      {"e_detector, lambda: 1", "lambda"}};
  for (const auto& [yaml, text] : cases) {
    EXPECT_THAT(refusal("{type: " + yaml + "}"), HasSubstr(text)) << yaml;
  }
}

TEST(DetectorInput, OutsideTheBoundsOfTheEDetectorIsNamed) {
  const auto detector = make_detector("{type: e_detector, low: -1, high: 2}");
  detector->update(2);
  const std::vector<double> before = detector->save();
  try {
    detector->update(2.5);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "e_detector input at position 1 is 2.5: its bound holds only in [-1, 2]");
  }
  EXPECT_EQ(detector->save(), before);
}

}  // namespace
}  // namespace tightrope::detector_test
