// SPDX-License-Identifier: Apache-2.0
// The run-length posterior against the sum over all segmentations; steps, truncation, errors.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/random/stream.h"
#include "tests/core/detectors_support.h"

namespace tightrope::detector_test {
namespace {

using ::testing::HasSubstr;

constexpr double kHazard = 0.05;

// Marginal likelihood of x[from..to) as one run: mean and variance, or the mean alone, integrated
// out of the joint density at once. The priors are those of options() below.
double evidence(const std::vector<double>& x, std::size_t from, std::size_t to, bool known) {
  const auto n = static_cast<double>(to - from);
  const double m0 = 0.3, k0 = 2, a0 = 1.5, b0 = 0.7, prior = 2, data = 0.5;
  double mean = 0, squares = 0;
  for (std::size_t i = from; i < to; ++i) mean += x[i] / n;
  for (std::size_t i = from; i < to; ++i) squares += (x[i] - mean) * (x[i] - mean);
  const double apart = (mean - m0) * (mean - m0);
  if (known) {
    const double spread = data + n * prior;  // of the mean, times n
    return std::exp(-0.5 * (n * std::log(2 * std::numbers::pi * data) + std::log(spread / data) +
                            squares / data + n * apart / spread));
  }
  const double kn = k0 + n, an = a0 + n / 2, bn = b0 + squares / 2 + k0 * n * apart / (2 * kn);
  return std::exp(std::lgamma(an) - std::lgamma(a0) + a0 * std::log(b0) - an * std::log(bn) +
                  0.5 * std::log(k0 / kn) - n / 2 * std::log(2 * std::numbers::pi));
}

// P(r = 0..n) after the first n samples.
std::vector<double> posterior(const std::vector<double>& x, std::size_t n, bool known) {
  std::vector<double> ended(n + 1, 0);  // joint density of the first s samples with a change behind
  ended[0] = 1;
  std::vector<double> run(n + 1, 0);
  for (std::size_t s = 1; s <= n; ++s) {
    for (std::size_t k = 1; k <= s; ++k) {
      run[k] = ended[s - k] * evidence(x, s - k, s, known) *
               std::pow(1 - kHazard, static_cast<double>(k));
      ended[s] += run[k] * kHazard / (1 - kHazard);
    }
  }
  run[0] = ended[n];
  double total = 0;
  for (const double p : run) total += p;
  for (double& p : run) p /= total;
  return run;
}

std::string options(bool known, const std::string& more) {
  return fmt::format(
      "{{type: bocpd, hazard: {}, prior_mean: 0.3, prior_count: 2, prior_shape: 1.5, "
      "prior_scale: 0.7, prior_variance: 2, data_variance: 0.5, model: {}, {}}}",
      kHazard, known ? "known_variance" : "unknown_variance", more);
}

TEST(BocpdPosterior, IsThatOfAllSegmentations) {
  Draws draws = Stream(5, Purpose::kStatistics, 0).at(0);
  std::vector<double> x;
  for (int i = 0; i < 40; ++i) x.push_back(draws.normal() + (i >= 15 ? 0.3 : 0));
  for (const bool known : {false, true}) {
    for (const int first : {1, 4, 20}) {
      const auto detector = make_detector(
          options(known, fmt::format("min_instances: {}, threshold: 0.9999999", first)));
      for (std::size_t n = 1; n <= x.size(); ++n) {
        const DetectorState state = detector->update(x[n - 1]);
        const std::vector<double> p = posterior(x, n, known);
        double recent = 0;
        for (std::size_t r = 0; r + static_cast<std::size_t>(first) <= n; ++r) recent += p[r];
        ASSERT_NEAR(state.statistic, recent, 1e-11) << known << first << " " << n;
      }
    }
    const auto detector = make_detector(options(known, "rule: most_probable, min_instances: 1000"));
    for (std::size_t n = 1; n <= x.size(); ++n) {
      const DetectorState state = detector->update(x[n - 1]);
      const std::vector<double> p = posterior(x, n, known);
      EXPECT_NEAR(state.threshold, p[n], 1e-11);
      EXPECT_NEAR(state.statistic, *std::max_element(p.begin(), p.end() - 1), 1e-11);
    }
  }
}

// Beyond max_run_length the runs share an entry with the statistics of the heaviest one.
TEST(BocpdTruncation, KeepsTheRunsBelowIt) {
  const std::size_t n = 300, length = 60;
  const auto truncated = make_detector(
      options(false, fmt::format("max_run_length: {}, threshold: 0.9999999", length)));
  const auto longer = make_detector(options(false, "max_run_length: 301, threshold: 0.9999999"));
  const auto longest = make_detector(options(false, "max_run_length: 900, threshold: 0.9999999"));
  Draws draws = Stream(6, Purpose::kStatistics, 0).at(0);
  std::vector<double> x;
  DetectorState state;
  for (std::size_t i = 0; i < n; ++i) {
    x.push_back(draws.normal());
    state = truncated->update(x.back());
    const double statistic = longer->update(x.back()).statistic;
    ASSERT_EQ(longest->update(x.back()).statistic, statistic) << i;
    if (i < length) {
      ASSERT_EQ(state.statistic, statistic) << i;
    }
  }
  const std::vector<double> p = posterior(x, n, false);
  double recent = 0;
  for (std::size_t r = 0; r < length; ++r) recent += p[r];
  EXPECT_NEAR(state.statistic, recent, 0.06);  // the entry holds many runs
  EXPECT_GT(recent, 0.1);
}

TEST(BocpdStep, IsFoundWithItsDirectionAndTime) {
  Draws draws = Stream(7, Purpose::kStatistics, 0).at(0);
  for (const char* model : {"unknown_variance", "known_variance"}) {
    for (const int length : {60, 500}) {  // the second never truncates
      for (const int direction : {1, -1}) {
        const auto detector = make_detector(
            fmt::format("{{type: bocpd, model: {}, max_run_length: {}}}", model, length));
        int at = -1;
        for (int i = 0; i < 400 && at < 0; ++i) {
          const DetectorState state =
              detector->update(draws.normal() * 0.5 + (i >= 300 ? 3 * direction : 0));
          if (state.verdict == AlarmLevel::kNone) continue;
          at = i;
          EXPECT_EQ(state.direction, direction);
          EXPECT_NEAR(static_cast<double>(state.change_time), 300, 1);
          EXPECT_GT(state.statistic, 0.9);
        }
        EXPECT_NEAR(at, 301, 2) << model << length;
      }
    }
  }
}

// The predictive law has long tails: nothing underflows to a posterior that is no number.
TEST(BocpdExtremes, LeaveAPosterior) {
  for (const char* model : {"unknown_variance", "known_variance"}) {
    const auto detector = make_detector(fmt::format("{{type: bocpd, model: {}}}", model));
    for (int i = 0; i < 400; ++i) {
      const double x = i % 7 == 0 ? 1e6 : i % 11 == 0 ? -1e150 : 1e-300;
      const DetectorState state = detector->update(x);
      ASSERT_TRUE(state.statistic >= 0 && state.statistic <= 1 + 1e-9) << model << i;
    }
  }
}

TEST(BocpdOptions, OutOfRangeAreRefusedByName) {
  for (const char* option :
       {"hazard: 0", "hazard: 1", "max_run_length: 1", "min_instances: 0", "threshold: 1",
        "prior_count: 0", "prior_shape: 0", "prior_scale: 0", "prior_variance: 0",
        "data_variance: 0", "rule: map", "model: normal"}) {
    const std::string text(option);
    EXPECT_THAT(refusal("{type: bocpd, " + text + "}"), HasSubstr(text.substr(0, text.find(':'))));
  }
}

TEST(BocpdState, DamagedIsRefused) {
  const auto detector = make_detector("{type: bocpd, max_run_length: 10}");
  for (int i = 0; i < 30; ++i) detector->update(0.1);
  const std::vector<double> good = detector->save();
  for (const auto& [at, value] : std::vector<std::pair<std::size_t, double>>{
           {2, 31}, {2, 4}, {3, 31}, {3, 2.5}, {4, 1.5}, {4, -0.1}, {4, std::nan("")}}) {
    std::vector<double> damaged = good;
    damaged[at] = value;
    EXPECT_THROW(detector->load(damaged), InputError) << at << " " << value;
    EXPECT_EQ(detector->save(), good);
  }
}

}  // namespace
}  // namespace tightrope::detector_test
