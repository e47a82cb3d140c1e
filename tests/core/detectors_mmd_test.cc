// SPDX-License-Identifier: Apache-2.0
// Windowed MMD: the sums against the definition, the test against its level, changes, errors.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/random/stream.h"
#include "tests/core/detectors_support.h"
#include "tests/core/parity_streams.h"

namespace tightrope::detector_test {
namespace {

using ::testing::HasSubstr;

TEST(Mmd, IsThePublishedEstimate) {
  const auto all = golden()["mmd"]["values"];
  ASSERT_FALSE(all.empty());
  for (const auto& g : all) {
    Twister numpy = Twister::numpy(31);
    std::vector<double> x;
    for (const char* part : {"reference", "window"}) {
      const double mean = g[part][0];
      append(x, g[part][1], [&] { return numpy.normal(mean, 1); });
    }
    const auto detector = make_detector(fmt::format(
        "{{type: mmd, test: fixed, bandwidth: 0.5, reference_size: {}, window_size: {}}}",
        g["reference"][1].get<int>(), g["window"][1].get<int>()));
    DetectorState state;
    for (const double sample : x) state = detector->update(sample);
    EXPECT_NEAR(state.statistic, g["value"].get<double>(), 1e-8) << g;
  }
}

double by_definition(const std::vector<double>& x, const std::vector<double>& y, double bandwidth) {
  const auto mean = [&](const std::vector<double>& a, const std::vector<double>& b, bool apart) {
    double sum = 0, count = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      for (std::size_t j = 0; j < b.size(); ++j) {
        if (apart && i == j) continue;
        sum += std::exp(-std::pow((a[i] - b[j]) / bandwidth, 2) / 2);
        ++count;
      }
    }
    return sum / count;
  };
  return mean(x, x, true) + mean(y, y, true) - 2 * mean(x, y, false);
}

// The sums that follow the window, with the bandwidth of the first samples, all ties included.
TEST(Mmd, FollowsItsWindowByTheDefinition) {
  Draws draws = Stream(8, Purpose::kStatistics, 0).at(0);
  for (const bool tokens : {false, true}) {
    std::vector<double> x;
    for (int i = 0; i < 700; ++i) x.push_back(tokens ? draws.below(3) : draws.normal());
    std::vector<double> distances;
    for (int i = 0; i < 20; ++i) {
      for (int j = 0; j < i; ++j) {
        const double d = std::abs(x[static_cast<std::size_t>(i)] - x[static_cast<std::size_t>(j)]);
        if (d > 0) distances.push_back(d);
      }
    }
    std::sort(distances.begin(), distances.end());
    const double bandwidth = distances[distances.size() / 2];
    const auto detector = make_detector(
        "{type: mmd, test: fixed, threshold: 9, reference_size: 50, window_size: 20}");
    const std::vector<double> reference(x.begin() + 20, x.begin() + 70);
    for (int i = 0; i < 700; ++i) {
      const DetectorState state = detector->update(x[static_cast<std::size_t>(i)]);
      if (i < 89) {
        ASSERT_EQ(state.statistic, 0);
        continue;
      }
      const std::vector<double> window(x.begin() + i - 19, x.begin() + i + 1);
      ASSERT_NEAR(state.statistic, by_definition(reference, window, bandwidth), 1e-12) << i;
    }
  }
}

// The first test of many streams. Without ties its level is exact; ties must not make p small.
TEST(Mmd, PermutationTestsKeepTheirLevel) {
  for (const bool tokens : {false, true}) {
    const auto detector = make_detector(
        "{type: mmd, alpha: 0.05, permutations: 19, reference_size: 20, window_size: 10}");
    const Stream stream(9, Purpose::kStatistics, tokens ? 1 : 0);
    const int streams = 3000;
    int alarms = 0;
    for (int run = 0; run < streams; ++run) {
      detector->reset();
      Draws draws = stream.at(static_cast<std::uint32_t>(run));
      for (int i = 0; i < 40; ++i) {  // up to the first test
        const double x = tokens ? draws.below(2) : draws.normal();
        alarms += detector->update(x).verdict == AlarmLevel::kDrift ? 1 : 0;
      }
    }
    const double level = static_cast<double>(alarms) / streams;
    const double error = std::sqrt(0.05 * 0.95 / streams);
    EXPECT_LT(level, 0.05 + 4 * error) << tokens;
    if (!tokens) {
      EXPECT_GT(level, 0.05 - 4 * error);
    }
    RecordProperty(tokens ? "tied" : "continuous", fmt::format("{}", level));
  }
}

TEST(Mmd, FindsChangesOfMeanAndOfSpread) {
  for (const char* test : {"permutation, alpha: 0.0025", "fixed, threshold: 0.4"}) {
    for (const int direction : {1, -1, 0}) {
      Draws draws = Stream(10, Purpose::kStatistics, 0).at(0);
      const auto detector = make_detector(fmt::format("{{type: mmd, test: {}}}", test));
      int at = -1;
      for (int i = 0; i < 700 && at < 0; ++i) {
        const double scale = direction == 0 && i >= 500 ? 8 : 1;
        const double x = scale * draws.normal() + (i >= 500 ? 4 * direction : 0);
        const DetectorState state = detector->update(x);
        if (state.verdict == AlarmLevel::kNone) continue;
        at = i;
        EXPECT_GT(state.statistic, state.threshold);
        if (direction == 0) continue;
        EXPECT_EQ(state.direction, direction);
        EXPECT_NEAR(static_cast<double>(state.change_time), 500, 2);
      }
      EXPECT_GE(at, 500) << test << direction;
      EXPECT_LE(at, 560) << test << direction;
    }
  }
}

TEST(Mmd, ConstantSamplesGiveNoFalseAlarm) {
  const auto detector = make_detector("{type: mmd}");
  EXPECT_TRUE(drifts(*detector, std::vector<double>(3000, 0.1)).empty());
}

TEST(Mmd, OptionsOutOfRangeAreRefusedByName) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"reference_size: 1", "reference_size"},
      {"window_size: 1", "window_size"},
      {"bandwidth: 0", "bandwidth"},
      {"alpha: 0", "alpha"},
      {"permutations: 0", "permutations"},
      {"clock: 0", "clock"},
      {"seed: -1", "seed"},
      {"test: bootstrap", "permutation"},
      {"reference_size: 5000, window_size: 4000",
       "reference_size + window_size = 9000 violates at most 8192"},
      {"alpha: 0.01, permutations: 98", "permutations = 98 violates at least 1 / alpha - 1 = 99"}};
  for (const auto& [yaml, text] : cases) {
    EXPECT_THAT(refusal("{type: mmd, " + yaml + "}"), HasSubstr(text)) << yaml;
  }
}

TEST(Mmd, DamagedStateIsRefused) {
  const auto detector = make_detector("{type: mmd, reference_size: 5, window_size: 3}");
  for (int i = 0; i < 30; ++i) detector->update(i % 5);
  const std::vector<double> good = detector->save();
  const std::size_t sizes = 9;  // behind position, drifted and seven numbers
  ASSERT_EQ(good[sizes], 3);
  ASSERT_EQ(good[sizes + 4], 5);
  for (const auto& [at, value] :
       std::vector<std::pair<std::size_t, double>>{{2, -1},
                                                   {6, 1e9},
                                                   {8, 3},
                                                   {8, -1},
                                                   {sizes, 4},
                                                   {sizes, 2},
                                                   {sizes + 4, 6},
                                                   {sizes + 5, std::nan("")},
                                                   {sizes + 10, 4},
                                                   {sizes + 11, std::nan("")}}) {
    std::vector<double> damaged = good;
    damaged[at] = value;
    EXPECT_THROW(detector->load(damaged), InputError) << at << " " << value;
    EXPECT_EQ(detector->save(), good);
  }
}

}  // namespace
}  // namespace tightrope::detector_test
