// SPDX-License-Identifier: Apache-2.0
// Conformal test martingales: the capital, the p-values, the bounds on false alarms, changes.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/detectors/simple_jumper.h"
#include "core/random/stream.h"
#include "tests/core/detectors_support.h"

namespace tightrope::detector_test {
namespace {

using ::testing::HasSubstr;

TEST(SimpleJumperCapital, IsThePublishedOne) {
  const auto all = golden()["simple_jumper"]["values"];
  ASSERT_FALSE(all.empty());
  for (const auto& g : all) {
    SimpleJumper jumper(g["experts"], g["jump"]);
    const std::string p = g["p"];
    for (int i = 0; i < g["count"].get<int>(); ++i) {
      jumper.play(p[0] == '(' ? (37 * i % 100 + 0.5) / 100 : std::stod(p));
    }
    EXPECT_NEAR(jumper.capital() / g["value"].get<double>(), 1, 1e-13) << g;
  }
}

// By the recursions as they are written, in logarithms, through 2^-300 and back.
TEST(SimpleJumperCapital, LeavesTheRangeOfADouble) {
  SimpleJumper jumper(5, 0.05);
  const double epsilons[] = {-1, -0.5, 0, 0.5, 1};
  double wealth[] = {0.2, 0.2, 0.2, 0.2, 0.2};
  double log_capital = 0, cusum = 0, sr = 0;
  for (int i = 0; i < 200000; ++i) {
    const double p = i < 150000 ? (i % 2 == 0 ? 0.2 : 0.8) : 0.05;
    double sum = 0;
    for (int k = 0; k < 5; ++k) {
      wealth[k] = (0.95 * wealth[k] + 0.01) * (1 + epsilons[k] * (p - 0.5));
      sum += wealth[k];
    }
    for (double& w : wealth) w /= sum;
    log_capital += std::log(sum);
    cusum = std::max(1.0, cusum) * sum;
    sr = (1 + sr) * sum;
    jumper.play(p);
    if (cusum > 1e250) break;
    ASSERT_NEAR(jumper.cusum() / cusum, 1, 1e-9) << i;
    ASSERT_NEAR(jumper.sr() / sr, 1, 1e-9) << i;
    if (log_capital > -650) {
      ASSERT_NEAR(std::log(jumper.capital()), log_capital, 1e-8) << i;
    }
  }
  EXPECT_LT(log_capital, -1000);
  EXPECT_GT(cusum, 1e250);
}

std::vector<double> p_values(const std::vector<double>& x) {
  std::vector<double> p;
  const Stream stream(0, Purpose::kStatistics, 0);
  for (std::size_t i = 0; i < x.size(); ++i) {
    double greater = 0, equal = 0;
    for (std::size_t j = 0; j <= i; ++j) {
      greater += x[j] > x[i];
      equal += x[j] == x[i];
    }
    const double u = stream.at(static_cast<std::uint32_t>(i)).uniform();
    p.push_back((greater + u * equal) / static_cast<double>(i + 1));
  }
  return p;
}

// Ranking samples and betting is betting on p-values that are computed apart, ties included.
TEST(ConformalScores, AreRankedAgainstAllBefore) {
  Draws draws = Stream(11, Purpose::kStatistics, 0).at(0);
  for (const bool tokens : {false, true}) {
    std::vector<double> x;
    for (int i = 0; i < 300; ++i) x.push_back(tokens ? draws.below(4) : draws.normal());
    const auto ranking = make_detector("{type: conformal, alpha: 1e-9}");
    const auto given = make_detector("{type: conformal, alpha: 1e-9, score: p_value}");
    const auto distance =
        make_detector("{type: conformal, alpha: 1e-9, score: distance, min_instances: 20}");
    double mean = 0;
    for (std::size_t i = 0; i < 20; ++i) mean += x[i] / 20;
    const std::vector<double> p = p_values(x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_NEAR(ranking->update(x[i]).statistic, given->update(p[i]).statistic, 1e-12) << i;
      distance->update(x[i]);
    }
    std::vector<double> scores;
    for (std::size_t i = 20; i < x.size(); ++i) scores.push_back(std::abs(x[i] - mean));
    const std::vector<double> saved =
        distance->save();  // position, drifted, law, taken, suspicions, bag
    std::sort(scores.begin(), scores.end());
    ASSERT_EQ(saved[12], static_cast<double>(scores.size()));
    for (std::size_t i = 0; i < scores.size(); ++i) EXPECT_NEAR(saved[13 + i], scores[i], 1e-12);
  }
}

std::string conformal(const std::string& options) { return "{type: conformal, " + options + "}"; }

// Without a change: the share of streams with an alarm among their first `length` samples, and the
// mean run length, cut off at `length`.
std::pair<double, double> false_alarms(const std::string& yaml, bool tokens, int streams,
                                       int length) {
  const Stream stream(12, Purpose::kStatistics, tokens ? 1 : 0);
  double alarms = 0, sum = 0;
  for (int run = 0; run < streams; ++run) {
    const auto detector = make_detector(yaml + fmt::format(", seed: {}}}", run));
    Draws draws = stream.at(static_cast<std::uint32_t>(run));
    int n = 0;
    bool alarm = false;
    while (n < length && !alarm) {
      alarm =
          detector->update(tokens ? draws.below(3) : draws.normal()).verdict == AlarmLevel::kDrift;
      ++n;
    }
    alarms += alarm ? 1 : 0;
    sum += n;
  }
  return {alarms / streams, sum / streams};
}

// An adversary's bound, met by every score, with ties and where the bag is emptied.
TEST(ConformalBound, VilleHoldsForTheWholeStream) {
  const double alpha = 0.1;
  const int streams = 600;
  for (const char* options : {"score: value, jump: 0.2", "score: distance, jump: 0.2",
                              "score: value, jump: 0.2, max_bag: 40"}) {
    for (const bool tokens : {false, true}) {
      const auto [share, length] = false_alarms(
          fmt::format("{{type: conformal, alpha: {}, {}", alpha, options), tokens, streams, 500);
      EXPECT_LT(share, alpha + 4 * std::sqrt(alpha * (1 - alpha) / streams)) << options << tokens;
      EXPECT_GT(share, 0.001) << options << tokens;  // the test could fail
      RecordProperty(fmt::format("ville{}{}", options[12], tokens), fmt::format("{}", share));
    }
  }
}

TEST(ConformalBound, RunLengthsOfSumAndCusumAreLongEnough) {
  for (const char* form : {"sr", "cusum"}) {
    const auto [share, mean] = false_alarms(
        fmt::format("{{type: conformal, alpha: 0.02, jump: 0.1, form: {}", form), false, 800, 2000);
    EXPECT_GT(mean * (1 + 4 / std::sqrt(800)), 50) << form;
    EXPECT_GT(share, 0.02) << form;
    RecordProperty(form, fmt::format("{}", mean));
  }
}

TEST(ConformalStep, IsFoundWithItsDirectionAndTime) {
  Draws draws = Stream(13, Purpose::kStatistics, 0).at(0);
  for (const char* form : {"ville", "cusum", "sr"}) {
    for (const char* score : {"value", "distance"}) {
      for (const int direction : {1, -1}) {
        const auto detector =
            make_detector(conformal(fmt::format("form: {}, score: {}, alpha: 1e-6", form, score)));
        int at = -1;
        for (int i = 0; i < 600 && at < 0; ++i) {
          const DetectorState state =
              detector->update(draws.normal() + (i >= 300 ? 4 * direction : 0));
          if (state.verdict == AlarmLevel::kNone) continue;
          at = i;
          EXPECT_GE(state.statistic, 1e6);
          EXPECT_DOUBLE_EQ(state.threshold, 1e6);
          EXPECT_EQ(state.direction, direction);
          EXPECT_NEAR(static_cast<double>(state.change_time), 300, 25) << form << score;
        }
        EXPECT_GE(at, 300) << form << score << direction;
        EXPECT_LE(at, 375) << form << score << direction;
      }
    }
  }
}

TEST(ConformalInput, OutsideOfPValuesIsNamed) {
  const auto detector = make_detector(conformal("score: p_value"));
  detector->update(1);
  for (const auto& [bad, text] :
       std::vector<std::pair<double, std::string>>{{1.5, "1.5"}, {-0.25, "-0.25"}}) {
    try {
      detector->update(bad);
      FAIL();
    } catch (const InputError& error) {
      EXPECT_EQ(error.what(),
                "conformal input at position 1 is " + text + ": a p-value is in [0, 1]");
    }
  }
}

TEST(ConformalOptions, OutOfRangeAreRefusedByName) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"alpha: 0", "alpha"},
      {"form: vile", "ville"},
      {"score: rank", "p_value"},
      {"jump: 0", "jump"},
      {"experts: 2", "experts"},
      {"experts: 4", "experts = 4 violates 3 or 5"},
      {"min_instances: 0", "min_instances"},
      {"max_bag: 1", "max_bag"},
      {"seed: -1", "seed"}};
  for (const auto& [yaml, text] : cases) {
    EXPECT_THAT(refusal(conformal(yaml)), HasSubstr(text)) << yaml;
  }
}

TEST(ConformalState, DamagedIsRefused) {
  const auto detector = make_detector(conformal("max_bag: 50"));
  for (int i = 0; i < 30; ++i) detector->update(i % 5);
  const std::vector<double> good = detector->save();
  ASSERT_EQ(good[12], 30);
  for (const auto& [at, value] : std::vector<std::pair<std::size_t, double>>{{2, 31},
                                                                             {5, 31},
                                                                             {7, 31},
                                                                             {7, -1},
                                                                             {10, 31},
                                                                             {12, 29},
                                                                             {12, 31},
                                                                             {12, 50},
                                                                             {13, 4},
                                                                             {13, std::nan("")},
                                                                             {43, 0},
                                                                             {43, -1},
                                                                             {43, std::nan("")},
                                                                             {48, -1}}) {
    std::vector<double> damaged = good;
    damaged[at] = value;
    EXPECT_THROW(detector->load(damaged), InputError) << at << " " << value;
    EXPECT_EQ(detector->save(), good);
  }
}

}  // namespace
}  // namespace tightrope::detector_test
