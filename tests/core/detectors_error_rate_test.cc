// SPDX-License-Identifier: Apache-2.0
// Known answers of the detectors of an error rate: steps, closed forms, sums done anew.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <tuple>

#include "core/random/stream.h"
#include "tests/core/detectors_support.h"
#include "tests/core/parity_streams.h"

namespace tightrope::detector_test {
namespace {

// An error in every fifth sample, or in all others.
double patterned(int i, bool high) { return (i % 5 == 2) != high ? 1 : 0; }

struct ErrorStep {
  const char* detector;
  bool rises, falls;  // what it can see
  int latest;         // delay within which it must
  int early, late;    // the estimated change minus the change
};

class ErrorRateStep : public ::testing::TestWithParam<ErrorStep> {};

TEST_P(ErrorRateStep, IsFoundInItsDirectionAndElseNot) {
  const ErrorStep& step = GetParam();
  for (const int direction : {1, -1}) {
    const bool seen = direction > 0 ? step.rises : step.falls;
    const auto detector = make_detector(step.detector);
    int at = -1;
    for (int i = 0; i < 2000 && at < 0; ++i) {
      const DetectorState state = detector->update(patterned(i, (i >= 1000) == (direction > 0)));
      if (state.verdict != AlarmLevel::kDrift) {
        ASSERT_EQ(state.direction, 0);
        ASSERT_EQ(state.change_time, -1);
        continue;
      }
      at = i;
      EXPECT_GE(state.statistic, state.threshold);
      EXPECT_EQ(state.direction, direction);
      EXPECT_GE(state.change_time, 1000 - step.early) << step.detector;
      EXPECT_LE(state.change_time, 1000 + step.late) << step.detector;
    }
    EXPECT_EQ(at >= 0, seen) << step.detector << direction << " " << at;
    if (seen) {
      EXPECT_GE(at, 1000) << step.detector;
      EXPECT_LE(at, 1000 + step.latest) << step.detector;
    }
  }
}

constexpr ErrorStep kErrorSteps[] = {
    {"{type: ddm}", true, false, 80, 0, 40},
    {"{type: ddm, dialect: moa}", true, false, 80, 0, 40},
    {"{type: eddm, alpha: 0.9, beta: 0.8}", true, false, 600, 0, 400},
    {"{type: rddm}", true, false, 60, 0, 40},
    {"{type: hddm_a}", true, false, 25, 6, 0},
    {"{type: hddm_a, two_sided_test: true}", true, true, 25, 6, 0},
    {"{type: hddm_a, two_sided_test: true, dialect: moa}", true, false, 25, 6, 0},
    {"{type: hddm_a, two_sided_test: true, dialect: frouros}", true, true, 25, 6, 0},
    {"{type: hddm_w}", true, false, 25, 2, 2},
    {"{type: hddm_w, two_sided_test: true}", true, true, 25, 2, 2},
    {"{type: hddm_w, two_sided_test: true, dialect: moa}", true, false, 25, 2, 2},
    {"{type: fhddm}", false, true, 50, 2, 2},
    {"{type: fhddm, dialect: paper}", true, false, 50, 2, 2},
    {"{type: fhddm, short_window_size: 20}", false, true, 25, 2, 2},
    {"{type: stepd}", true, false, 20, 30, 0},
    {"{type: stepd, two_sided_test: true}", true, true, 20, 30, 0},
    {"{type: ecdd}", true, false, 10, 2, 2}};

INSTANTIATE_TEST_SUITE_P(Known, ErrorRateStep, ::testing::ValuesIn(kErrorSteps));

// `first` a thousand times at most, then its contrary.
std::vector<double> turn(int count, double first) {
  std::vector<double> x(static_cast<std::size_t>(count), first);
  x.resize(x.size() + 200, 1 - first);
  return x;
}

struct FirstAlarm {
  int warning = -1;
  int drift = -1;
  DetectorState state;  // of the drift
};

FirstAlarm first_alarm(const std::string& yaml, const std::vector<double>& x) {
  const auto detector = make_detector(yaml);
  FirstAlarm alarm;
  for (std::size_t i = 0; i < x.size() && alarm.drift < 0; ++i) {
    alarm.state = detector->update(x[i]);
    if (alarm.state.verdict == AlarmLevel::kWarning && alarm.warning < 0) {
      alarm.warning = static_cast<int>(i);
    }
    if (alarm.state.verdict == AlarmLevel::kDrift) alarm.drift = static_cast<int>(i);
  }
  return alarm;
}

// After m zeros, k ones are a rise when k / (m + k) >= sqrt(k / (m (m + k)) C), C = ln(2 / c) / 2,
// that is when k >= C m / (m - C): 4.11 at c = 0.001 and 3.19 at c = 0.005 for m = 50.
TEST(ErrorRateClosedForm, HddmAAfterAConstant) {
  for (const double first : {0.0, 1.0}) {
    const FirstAlarm alarm = first_alarm("{type: hddm_a, two_sided_test: true}", turn(50, first));
    EXPECT_EQ(alarm.warning, 53);
    EXPECT_EQ(alarm.drift, 54);
    EXPECT_EQ(alarm.state.change_time, 50);
    EXPECT_EQ(alarm.state.direction, first == 0 ? 1 : -1);
    EXPECT_NEAR(alarm.state.statistic, 5.0 / 55, 1e-15);
    EXPECT_NEAR(alarm.state.threshold, std::sqrt(5.0 / (50 * 55) * std::log(2000) / 2), 1e-15);
  }
  // With ln(1 / c): 3.71 and 2.82.
  const FirstAlarm frouros = first_alarm("{type: hddm_a, dialect: frouros}", turn(50, 0));
  EXPECT_EQ(frouros.warning, 52);
  EXPECT_EQ(frouros.drift, 53);
}

// After many zeros and k ones w_after - w_before = 1, and v is A + (1 - A) 0.95^(2 n) with
// A = 0.05 / 1.95: beyond the bound when 0.9025^k < 0.2445, k > 13.7, at c = 0.001, and
// < 0.3348, k > 10.7, at c = 0.005. In MOA's dialect n is one less.
TEST(ErrorRateClosedForm, HddmWAfterAConstant) {
  for (const double first : {0.0, 1.0}) {
    const FirstAlarm alarm = first_alarm("{type: hddm_w, two_sided_test: true}", turn(100, first));
    EXPECT_EQ(alarm.warning, 110);
    EXPECT_EQ(alarm.drift, 113);
    EXPECT_EQ(alarm.state.change_time, 100);
    EXPECT_EQ(alarm.state.direction, first == 0 ? 1 : -1);
    const auto v = [](int n) { return 0.05 / 1.95 + (1 - 0.05 / 1.95) * std::pow(0.95, 2 * n); };
    EXPECT_NEAR(alarm.state.statistic, 1, 1e-13);
    EXPECT_NEAR(alarm.state.threshold, std::sqrt((v(100) + v(14)) * std::log(1000) / 2), 1e-13);
  }
  EXPECT_EQ(first_alarm("{type: hddm_w, dialect: moa}", turn(100, 0)).drift, 114);
}

// u falls by 0.01 a sample, the bound is sqrt(ln(1e6) / 200) = 0.2628; for 20 samples 0.5877.
TEST(ErrorRateClosedForm, FhddmAfterAConstant) {
  const FirstAlarm river = first_alarm("{type: fhddm}", turn(130, 1));
  EXPECT_EQ(river.drift, 130 + 26);
  EXPECT_EQ(river.state.change_time, 130);
  EXPECT_EQ(river.state.direction, -1);
  EXPECT_NEAR(river.state.threshold, std::sqrt(std::log(1e6) / 200), 1e-15);
  EXPECT_EQ(first_alarm("{type: fhddm}", turn(130, 0)).drift, -1);
  const FirstAlarm paper = first_alarm("{type: fhddm, dialect: paper}", turn(130, 0));
  EXPECT_EQ(paper.drift, 130 + 26);
  EXPECT_EQ(paper.state.direction, 1);
  const FirstAlarm stacked = first_alarm("{type: fhddm, short_window_size: 20}", turn(130, 1));
  EXPECT_EQ(stacked.drift, 130 + 11);
  EXPECT_EQ(stacked.state.change_time, 130);
  EXPECT_NEAR(stacked.state.statistic, 0.6, 1e-15);
}

// Without any error so far p + s = 0, and the first error is beyond every multiple of it.
TEST(ErrorRateClosedForm, DdmAfterNoErrorAtAll) {
  const FirstAlarm alarm = first_alarm("{type: ddm}", turn(100, 0));
  EXPECT_EQ(alarm.drift, 100);
  const double p = 1.0 / 101;
  EXPECT_NEAR(alarm.state.statistic, p + std::sqrt(p * (1 - p) / 101), 1e-16);
  EXPECT_EQ(alarm.state.threshold, 0);
  EXPECT_EQ(first_alarm("{type: ddm}", turn(31, 0)).drift, 31);  // 31 is the first that is tested
  EXPECT_GT(first_alarm("{type: ddm}", turn(30, 0)).drift, 31);
  EXPECT_EQ(first_alarm("{type: ddm, dialect: moa}", turn(29, 0)).drift, 29);
  EXPECT_GT(first_alarm("{type: ddm, dialect: moa}", turn(28, 0)).drift, 29);
  EXPECT_EQ(first_alarm("{type: rddm}", turn(129, 0)).state.threshold, 0);
  EXPECT_GT(first_alarm("{type: rddm}", turn(128, 0)).state.threshold, 0);
}

// The middle half of the estimated minus the true change, over streams whose error rate goes from
// 0.2 to 0.8, or back, at sample 1000.
std::pair<double, double> change_error(const std::string& yaml, bool rise) {
  std::vector<double> errors;
  for (std::uint32_t stream = 0; stream < 200; ++stream) {
    const auto detector = make_detector(yaml);
    Draws draws = Stream(20261126, Purpose::kStatistics, 2).at(stream);
    for (int i = 0; i < 2000; ++i) {
      const bool high = (i >= 1000) == rise;
      const DetectorState state = detector->update(draws.bernoulli(high ? 0.8 : 0.2) ? 1 : 0);
      if (state.verdict != AlarmLevel::kDrift || i < 1000) continue;
      errors.push_back(static_cast<double>(state.change_time - 1000));
      break;
    }
  }
  EXPECT_GT(errors.size(), 180U) << yaml;
  std::ranges::sort(errors);
  return {errors[errors.size() / 4], errors[errors.size() * 3 / 4]};
}

TEST(ErrorRateChangeTime, IsNearTheChange) {
  const std::vector<std::tuple<std::string, bool, double, double>> cases = {
      {"ddm", true, -5, 30},     {"eddm", true, -5, 35},
      {"rddm", true, -2, 18},    {"hddm_a", true, -150, 0},
      {"hddm_w", true, -15, 3},  {"hddm_w, two_sided_test: true", false, -15, 3},
      {"fhddm", false, -40, 2},  {"fhddm, dialect: paper", true, -40, 2},
      {"stepd", true, -25, -10}, {"ecdd", true, -5, 2}};
  for (const auto& [yaml, rise, low, high] : cases) {
    const auto [quarter, three_quarters] = change_error("{type: " + yaml + "}", rise);
    EXPECT_GE(quarter, low) << yaml;
    EXPECT_LE(three_quarters, high) << yaml;
    RecordProperty(yaml.substr(0, yaml.find(',')), fmt::format("{} {}", quarter, three_quarters));
  }
}

// AlarmLevel and statistic of each sample from all samples since the last drift.
using Formula = std::function<std::pair<AlarmLevel, double>(const std::vector<double>& since)>;

void expect_formula(const std::string& yaml, const Formula& formula) {
  const auto detector = make_detector(yaml);
  std::vector<double> since;
  int alarms = 0;
  for (const double x : parity_stream("rates_errors")) {
    since.push_back(x);
    const DetectorState state = detector->update(x);
    const auto [verdict, statistic] = formula(since);
    ASSERT_EQ(state.verdict, verdict) << yaml << since.size();
    ASSERT_NEAR(state.statistic, statistic, 1e-9) << yaml << since.size();
    alarms += verdict != AlarmLevel::kNone ? 1 : 0;
    if (verdict == AlarmLevel::kDrift) since.clear();
  }
  EXPECT_GT(alarms, 10) << yaml;
}

double sum(const std::vector<double>& x, std::size_t from, std::size_t end) {
  double total = 0;
  for (std::size_t i = from; i < end; ++i) total += x[i];
  return total;
}

TEST(ErrorRateFormula, StepdIsTheTestOfEqualProportions) {
  for (const bool both : {false, true}) {
    const auto formula = [both](const std::vector<double>& x) -> std::pair<AlarmLevel, double> {
      if (x.size() < 80) return {AlarmLevel::kNone, 0};
      const double recent = 40, old = static_cast<double>(x.size()) - recent;
      const double r = sum(x, x.size() - 40, x.size()) / recent, o = sum(x, 0, x.size() - 40) / old;
      const double p = sum(x, 0, x.size()) / (old + recent), s = 1 / old + 1 / recent;
      if (p * (1 - p) == 0) return {AlarmLevel::kNone, 0};
      const double z = ((both ? std::abs(r - o) : r - o) - s / 2) / std::sqrt(p * (1 - p) * s);
      const double tail = std::erfc(z / std::sqrt(2)) / (both ? 1 : 2);
      return {tail < 0.01  ? AlarmLevel::kDrift
              : tail < 0.1 ? AlarmLevel::kWarning
                           : AlarmLevel::kNone,
              z};
    };
    expect_formula(fmt::format("{{type: stepd, window_size: 40, alpha_drift: 0.01, alpha_warning: "
                               "0.1, two_sided_test: {}}}",
                               both),
                   formula);
  }
}

TEST(ErrorRateFormula, EcddIsTheChartOfItsPolynomial) {
  const std::map<int, std::vector<double>> coefficients = {
      {100, {2.76, -6.23, 18.12, -312.45, 1002.18}},
      {400, {3.97, -6.56, 48.73, -330.13, 848.18}},
      {1000, {1.17, 7.56, -21.24, 112.12, -987.23}}};
  for (const auto& [run, c] : coefficients) {
    const auto formula = [&c = c](const std::vector<double>& x) -> std::pair<AlarmLevel, double> {
      const double n = static_cast<double>(x.size()), p = sum(x, 0, x.size()) / n;
      double z = 0;
      for (const double v : x) z = 0.1 * v + 0.9 * z;
      const double s = std::sqrt(p * (1 - p) * 0.1 / 1.9 * (1 - std::pow(0.9, 2 * n)));
      const double limit =
          c[0] + c[1] * p + c[2] * std::pow(p, 3) + c[3] * std::pow(p, 5) + c[4] * std::pow(p, 7);
      if (x.size() < 50 || limit <= 0 || z <= p + 0.6 * limit * s)
        return {AlarmLevel::kNone, z - p};
      return {z > p + limit * s ? AlarmLevel::kDrift : AlarmLevel::kWarning, z - p};
    };
    expect_formula(fmt::format("{{type: ecdd, average_run_length: {}, lambda_val: 0.1, "
                               "warning_level: 0.6, warm_start: 50}}",
                               run),
                   formula);
  }
}

TEST(ErrorRateFormula, EcddShowsItsControlLimitFromTheFirstSampleOn) {
  const auto detector = make_detector("{type: ecdd, lambda_val: 0.02, warm_start: 1000}");
  double errors = 0;
  for (int n = 1; n <= 900; ++n) {
    const double x = n % 4 == 1 ? 1 : 0;
    errors += x;
    const double p = errors / n;
    const double s = std::sqrt(p * (1 - p) * 0.02 / 1.98 * (1 - std::pow(0.98, 2 * n)));
    const double limit = 3.97 - 6.56 * p + 48.73 * std::pow(p, 3) - 330.13 * std::pow(p, 5) +
                         848.18 * std::pow(p, 7);
    EXPECT_NEAR(detector->update(x).threshold, limit * s, 1e-12) << n;
  }
}

TEST(ErrorRateRunLength, EcddKeepsTheOneOfItsDefaultPolynomial) {
  const auto detector = make_detector("{type: ecdd}");
  for (const double rate : {0.1, 0.2, 0.3}) {
    detector->reset();
    Draws draws = Stream(20261126, Purpose::kStatistics, 1).at(0);
    double count = 0;
    for (int i = 0; i < 400000; ++i) {
      const bool drift = detector->update(draws.bernoulli(rate)).verdict == AlarmLevel::kDrift;
      count += drift ? 1 : 0;
    }
    EXPECT_NEAR(400000 / count, 400, 60) << rate;
  }
}

// The polynomials of 100 and 1000 fall below 0: there is no limit, and no alarm in place of one.
TEST(ErrorRateRunLength, EcddIsSilentWhereItsPolynomialIsNegative) {
  for (const auto& [run, rate] : {std::pair(1000, 0.7), {1000, 0.55}, {100, 0.44}}) {
    const auto detector = make_detector(fmt::format("{{type: ecdd, average_run_length: {}}}", run));
    Draws draws = Stream(20261126, Purpose::kStatistics, 2).at(0);
    int alarms = 0;
    for (int i = 0; i < 2000; ++i) {
      const DetectorState state = detector->update(draws.bernoulli(rate));
      if (i >= 500) alarms += state.verdict != AlarmLevel::kNone ? 1 : 0;
      if (i == 1000) {
        EXPECT_TRUE(std::isinf(state.threshold)) << run << " " << state.threshold;
      }
    }
    EXPECT_EQ(alarms, 0) << run << " " << rate;
  }
}

std::string refusal(const std::string& yaml) {
  try {
    make_detector(yaml);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(ErrorRateOptions, OutOfRangeAreRefusedByName) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"ddm, warm_start: -1", "warm_start"},
      {"ddm, warning_threshold: 0", "warning_threshold"},
      {"ddm, drift_threshold: 1", "warning_threshold = 2 violates <= drift_threshold = 1"},
      {"ddm, dialect: rivers", "river"},
      {"eddm, warm_start: -1", "warm_start"},
      {"eddm, beta: 0", "beta"},
      {"eddm, alpha: 1", "alpha"},
      {"eddm, alpha: 0.5", "alpha = 0.5 violates >= beta = 0.9"},
      {"rddm, min_concept_size: 0", "min_concept_size"},
      {"rddm, max_concept_size: 100", "min_concept_size = 7000 violates <= max_concept_size = 100"},
      {"rddm, drift_threshold: 1", "warning_threshold = 1.773 violates <= drift_threshold = 1"},
      {"rddm, max_num_instances_warning: 0", "max_num_instances_warning"},
      {"hddm_a, drift_confidence: 0", "drift_confidence"},
      {"hddm_a, drift_confidence: 0.1",
       "warning_confidence = 0.005 violates >= drift_confidence = 0.1"},
      {"hddm_w, lambda_val: 1", "lambda_val"},
      {"hddm_w, dialect: frouros", "moa"},
      {"fhddm, sliding_window_size: 0", "sliding_window_size"},
      {"fhddm, confidence_level: 1", "confidence_level"},
      {"fhddm, short_window_size: 101",
       "short_window_size = 101 violates <= sliding_window_size = 100"},
      {"stepd, window_size: 0", "window_size"},
      {"stepd, alpha_drift: 0.1", "alpha_warning = 0.05 violates >= alpha_drift = 0.1"},
      {"stepd, dialect: moa", "two_sided_test = false violates true"},
      {"ecdd, lambda_val: 0", "lambda_val"},
      {"ecdd, average_run_length: 500", "average_run_length = 500 violates 100, 400 or 1000"},
      {"ecdd, warning_level: 1", "warning_level"},
      {"ecdd, warm_start: 0", "warm_start"}};
  for (const auto& [yaml, text] : cases) {
    EXPECT_THAT(refusal("{type: " + yaml + "}"), ::testing::HasSubstr(text)) << yaml;
  }
}

std::string verdicts(const std::string& yaml) {
  const auto detector = make_detector(yaml);
  std::string all;
  for (const double x : parity_stream("rates_errors")) {
    all += "nwd"[static_cast<int>(detector->update(x).verdict)];
  }
  return all;
}

TEST(ErrorRateOptions, EachChangesWhatIsSaid) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> cases = {
      {"ddm", {"warm_start: 100", "warning_threshold: 1", "drift_threshold: 2", "dialect: moa"}},
      {"eddm", {"warm_start: 100", "alpha: 0.99", "beta: 0.8", "dialect: moa"}},
      {"rddm",
       {"warm_start: 50", "warning_threshold: 1", "drift_threshold: 3", "min_concept_size: 100",
        "max_num_instances_warning: 10", "min_concept_size: 500, max_concept_size: 500"}},
      {"hddm_a",
       {"drift_confidence: 0.0001", "warning_confidence: 0.1", "two_sided_test: true",
        "dialect: frouros", "two_sided_test: true, dialect: moa"}},
      {"hddm_w",
       {"drift_confidence: 0.0001", "warning_confidence: 0.1", "two_sided_test: true",
        "lambda_val: 0.1", "two_sided_test: true, dialect: moa"}},
      {"fhddm",
       {"sliding_window_size: 50", "confidence_level: 0.01", "short_window_size: 20",
        "dialect: paper"}},
      {"stepd",
       {"window_size: 50", "alpha_drift: 0.01", "alpha_warning: 0.1", "two_sided_test: true",
        "two_sided_test: true, dialect: moa"}},
      {"ecdd",
       {"lambda_val: 0.1", "average_run_length: 100", "average_run_length: 1000",
        "warning_level: 0.8", "warm_start: 100", "dialect: moa"}}};
  for (const auto& [name, options] : cases) {
    const std::string plain = verdicts("{type: " + name + "}");
    for (const std::string& option : options) {
      EXPECT_TRUE(verdicts("{type: " + name + ", " + option + "}") != plain)
          << name << " " << option;
    }
  }
}

TEST(ErrorRateInput, OutsideItsDomainIsNamedAndChangesNothing) {
  const std::vector<std::tuple<std::string, double, std::string>> cases = {
      {"ddm", 0.5, "ddm input at position 1 is 0.5: it takes 0 and 1 only (1 = error)"},
      {"stepd", 2, "stepd input at position 1 is 2: it takes 0 and 1 only (1 = error)"},
      {"hddm_a", 1.5,
       "hddm_a input at position 1 is 1.5: its bound holds only in [0, 1] "
       "(1 = error)"},
      {"hddm_w", -0.1,
       "hddm_w input at position 1 is -0.1: its bound holds only in [0, 1] "
       "(1 = error)"},
      {"hddm_w, dialect: moa", -2,
       "hddm_w input at position 1 is -2: dialect moa takes numbers "
       ">= 0"}};
  for (const auto& [yaml, x, text] : cases) {
    const auto detector = make_detector("{type: " + yaml + "}");
    detector->update(1);
    const std::vector<double> before = detector->save();
    try {
      detector->update(x);
      ADD_FAILURE() << yaml;
    } catch (const InputError& error) {
      EXPECT_EQ(error.what(), text);
    }
    EXPECT_EQ(detector->save(), before);
  }
}

// The states are position, drift or not, then what the index below says.
TEST(ErrorRateState, ImpossibleCountsAreRefused) {
  const std::vector<std::tuple<std::string, std::size_t, double>> cases = {
      {"ddm", 3, 151},                         // more errors than samples
      {"ddm", 2, 151},                         // more samples than the position
      {"ddm", 4, 151},                         // the lowest rate after the last sample
      {"eddm", 3, 151},                        // an error after the last sample
      {"eddm", 4, 200},                        // more errors than samples up to the last
      {"eddm", 5, -1},                         // a mean distance below 0
      {"rddm", 7, 3},                          // no such step
      {"rddm", 8, 151},                        // more stored than came
      {"hddm_a", 3, 151},                      // a sum beyond one a sample
      {"hddm_a", 4, 0},                        // no first samples
      {"hddm_w", 4, 1.5},                      // a sum of squared weights beyond 1
      {"fhddm", 2, 101},                       // more than the ring holds
      {"fhddm", 3, 0x1p32}, {"fhddm", 6, 16},  // a bit beyond the hundredth
      {"fhddm", 7, 101},                       // more ones than the window is long
      {"stepd", 2, 31},                        // more than the ring holds
      {"stepd", 4, 121},                       // more than came before the ring
      {"ecdd", 4, 1.5},                        // a chart beyond 1
      {"ecdd", 6, 151}};                       // a crossing before the first sample
  std::vector<double> x = parity_stream("S2");
  x.resize(150);
  for (const auto& [name, at, value] : cases) {
    const auto detector = make_detector("{type: " + name + "}");
    for (const double sample : x) detector->update(sample);
    const std::vector<double> good = detector->save();
    ASSERT_EQ(good[0], 150);
    ASSERT_LT(at, good.size());
    std::vector<double> damaged = good;
    damaged[at] = value;
    EXPECT_THROW(detector->load(damaged), InputError) << name << " " << at;
    EXPECT_EQ(detector->save(), good);
  }
}

}  // namespace
}  // namespace tightrope::detector_test
