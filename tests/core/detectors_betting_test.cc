// SPDX-License-Identifier: Apache-2.0
// Betting confidence sequences: intervals and alarms against another program, coverage, the bounds
// on false alarms, changes, errors.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/detectors/betting_interval.h"
#include "core/random/stream.h"
#include "tests/core/detectors_support.h"
#include "tests/core/parity_streams.h"

namespace tightrope::detector_test {
namespace {

using ::testing::HasSubstr;

TEST(BettingInterval, IsThatOfAnotherProgram) {
  const auto all = golden()["betting"]["intervals"];
  ASSERT_FALSE(all.empty());
  for (const auto& g : all) {
    std::vector<double> x = parity_stream(g["stream"]);
    x.resize(g["samples"].get<std::size_t>());
    const BettingInterval interval = betting_interval(x, g["level"]);
    EXPECT_NEAR(interval.low, g["low"].get<double>(), 1e-10) << g;
    EXPECT_NEAR(interval.high, g["high"].get<double>(), 1e-10) << g;
  }
}

// Mirrored samples have the mirrored interval; equal ones still have one.
TEST(BettingInterval, IsSymmetricAndHoldsConstants) {
  std::vector<double> x, mirrored;
  Draws draws = Stream(14, Purpose::kStatistics, 0).at(0);
  for (int i = 0; i < 200; ++i) x.push_back(std::pow(draws.uniform(), 3));
  for (const double z : x) mirrored.push_back(1 - z);
  const BettingInterval a = betting_interval(x, 0.05), b = betting_interval(mirrored, 0.05);
  EXPECT_NEAR(a.low, 1 - b.high, 1e-11);
  EXPECT_NEAR(a.high, 1 - b.low, 1e-11);
  for (const double constant : {0.0, 0.25, 1.0}) {
    const BettingInterval i = betting_interval(std::vector<double>(300, constant), 0.05);
    EXPECT_LE(i.low, constant);
    EXPECT_GE(i.high, constant);
    EXPECT_LT(i.high - i.low, 0.12);
  }
}

TEST(BettingStake, IsThePlugInForShortAndLongStreams) {
  PlugInStake stake(0.05);
  double sum = 0.5, squares = 0.25;  // with the regularising sample
  for (int t = 1; t <= 3000; ++t) {
    const double formula = std::sqrt(2 * std::log(40) / (squares / t * t * std::log(1.0 + t)));
    ASSERT_NEAR(stake.stake() / formula, 1, 1e-12) << t;
    const double z = 0.1 * (t % 7);
    stake.observe(z);
    sum += z;
    squares += std::pow(z - sum / (t + 1), 2);
  }
}

TEST(BettingAlarm, IsThatOfAnotherProgram) {
  const auto all = golden()["betting"]["alarms"];
  ASSERT_FALSE(all.empty());
  for (const auto& g : all) {
    std::vector<double> x = parity_stream("S2");
    x.erase(x.begin() + g["dropped"][0].get<int>(), x.begin() + g["dropped"][1].get<int>());
    const auto detector = make_detector(g["detector"]);
    int at = -1;
    for (std::size_t i = 0; i < x.size() && at < 0; ++i) {
      const DetectorState state = detector->update(x[i]);
      if (state.verdict == AlarmLevel::kNone) continue;
      at = static_cast<int>(i);
      EXPECT_NEAR(state.statistic / g["value"].get<double>(), 1, 1e-9);
      EXPECT_EQ(state.direction, 1);
    }
    EXPECT_EQ(at, g["at"].get<int>()) << g;
  }
}

// A sample of mean 0.3: 0 or 1, or spread out, or with a conditional mean that a past sample moves
// between two ways of having it.
double draw(Draws& draws, int law, double last) {
  if (law == 0) return draws.bernoulli(0.3) ? 1 : 0;
  if (law == 1) return 0.6 * draws.uniform();
  const double high = last > 0.5 ? 0.6 : 1;
  return draws.bernoulli(0.3 / high) ? high : 0;
}

// The confidence sequence misses the mean at some time in at most that share of streams: it does
// where K+ or K- against the mean reaches 2 / level, which the detector with null_mean says.
TEST(BettingBound, VilleCoversTheMeanForTheWholeStream) {
  const double alpha = 0.1;
  const int streams = 500;
  double largest = 0;
  for (int law = 0; law < 3; ++law) {
    for (const char* null : {"null_mean: 0.3", "reference_size: 30"}) {
      const auto detector =
          make_detector(fmt::format("{{type: betting, form: ville, alpha: {}, {}}}", alpha, null));
      const Stream stream(15, Purpose::kStatistics, static_cast<std::uint64_t>(law));
      double alarms = 0;
      for (int run = 0; run < streams; ++run) {
        detector->reset();
        Draws draws = stream.at(static_cast<std::uint32_t>(run));
        bool alarm = false;
        double x = 0;
        for (int i = 0; i < 500 && !alarm; ++i) {
          x = draw(draws, law, x);
          alarm = detector->update(x).verdict == AlarmLevel::kDrift;
        }
        alarms += alarm ? 1 : 0;
      }
      EXPECT_LT(alarms / streams, alpha + 4 * std::sqrt(alpha * (1 - alpha) / streams)) << law;
      largest = std::max(largest, alarms / streams);
      RecordProperty(fmt::format("ville_{}_{}", law, null[0]), fmt::format("{}", alarms / streams));
    }
  }
  EXPECT_GT(largest, alpha / 5);  // the bound could be broken
}

TEST(BettingBound, RunLengthOfTheCusumIsLongEnough) {
  for (int law = 0; law < 3; ++law) {
    const auto detector = make_detector("{type: betting, null_mean: 0.3, alpha: 0.02}");
    const Stream stream(16, Purpose::kStatistics, static_cast<std::uint64_t>(law));
    const int runs = 200;
    double sum = 0;
    for (int run = 0; run < runs; ++run) {
      detector->reset();
      Draws draws = stream.at(static_cast<std::uint32_t>(run));
      double n = 1, x = draw(draws, law, 0);
      while (n < 3000 && detector->update(x).verdict != AlarmLevel::kDrift) {
        x = draw(draws, law, x);
        ++n;
      }
      sum += n;
    }
    EXPECT_GT(sum / runs * (1 + 4 / std::sqrt(runs)), 50) << law;
    EXPECT_LT(sum / runs, 2900) << law;
    RecordProperty(fmt::format("cusum_{}", law), fmt::format("{}", sum / runs));
  }
}

TEST(BettingStep, IsFoundWithItsDirectionAndTime) {
  for (const char* options : {"null_mean: 0.5", "reference_size: 100", "form: ville"}) {
    for (const int direction : {1, -1}) {
      for (const char* mode : {"both", "same", "other"}) {
        const bool other = mode[0] == 'o';
        const char* looked = mode[0] == 'b' ? "both" : (direction > 0) != other ? "up" : "down";
        const auto detector = make_detector(
            fmt::format("{{type: betting, low: -1, high: 3, mode: {}, {}}}", looked,
                        options == std::string("null_mean: 0.5") ? "null_mean: 1" : options));
        Draws draws = Stream(17, Purpose::kStatistics, 0).at(0);
        int at = -1;
        for (int i = 0; i < 700 && at < 0; ++i) {
          const double mean = 1 + (i >= 150 ? 1.2 * direction : 0);
          const DetectorState state = detector->update(mean + 1.2 * (draws.uniform() - 0.5));
          if (state.verdict == AlarmLevel::kNone) continue;
          at = i;
          EXPECT_GE(state.statistic, state.threshold);
          EXPECT_EQ(state.direction, direction);
          // Against the exact mean the CUSUM wanders before a change; below a reference it rests.
          const double early = options[0] == 'n' ? 80 : 12;
          EXPECT_NEAR(static_cast<double>(state.change_time), 150, early) << options;
        }
        if (other) {
          EXPECT_EQ(at, -1) << options;
          continue;
        }
        EXPECT_GE(at, 150) << options << direction;
        EXPECT_LE(at, 200) << options << direction;
      }
    }
  }
}

TEST(BettingReference, AtTheEdgeOfTheRangeIsNeverExceeded) {
  const auto detector = make_detector("{type: betting, reference_size: 1}");
  for (int i = 0; i < 2000; ++i) {  // one sample's interval is [0, 1]
    EXPECT_EQ(detector->update(i % 2).verdict, AlarmLevel::kNone);
  }
}

TEST(BettingInput, OutsideTheBoundsIsNamed) {
  const auto detector = make_detector("{type: betting, low: -1, high: 2}");
  detector->update(2);
  try {
    detector->update(2.5);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "betting input at position 1 is 2.5: its bound holds only in [-1, 2]");
  }
}

TEST(BettingOptions, OutOfRangeAreRefusedByName) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"alpha: 0", "alpha"},
      {"reference_size: 0", "reference_size"},
      {"form: sr", "ville"},
      {"mode: in", "both"},
      {"low: 1", "low = 1 violates < high = 1"},
      {"null_mean: 1", "null_mean = 1 violates low = 0 < null_mean < high = 1"}};
  for (const auto& [yaml, text] : cases) {
    EXPECT_THAT(refusal("{type: betting, " + yaml + "}"), HasSubstr(text)) << yaml;
  }
}

TEST(BettingState, DamagedIsRefused) {
  const auto detector = make_detector("{type: betting, reference_size: 5}");
  for (int i = 0; i < 30; ++i) detector->update(i % 2);
  const std::vector<double> good = detector->save();
  ASSERT_EQ(good[2], 5);
  for (const auto& [at, value] : std::vector<std::pair<std::size_t, double>>{{2, 6},
                                                                             {2, 4.5},
                                                                             {3, 1.5},
                                                                             {8, 1.5},
                                                                             {9, -1},
                                                                             {10, std::nan("")},
                                                                             {11, 31},
                                                                             {12, -1},
                                                                             {12, 31}}) {
    std::vector<double> damaged = good;
    damaged[at] = value;
    EXPECT_THROW(detector->load(damaged), InputError) << at << " " << value;
    EXPECT_EQ(detector->save(), good);
  }
}

}  // namespace
}  // namespace tightrope::detector_test
