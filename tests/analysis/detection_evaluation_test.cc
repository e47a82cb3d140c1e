// SPDX-License-Identifier: Apache-2.0
// Scores of alarms: what other programs publish, their known defects, run lengths by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "analysis/detection/evaluation.h"
#include "core/base/error.h"

namespace tightrope {
namespace {

using ::testing::HasSubstr;

TEST(DetectionScores, AreThosePublished) {
  std::ifstream file(std::string(TIGHTROPE_SOURCE_DIR) + "/tests/golden/detection_scores.json");
  const auto all = nlohmann::json::parse(file)["scores"];
  ASSERT_EQ(all.size(), 10U);
  int checked = 0;
  for (const auto& g : all) {
    ScoredStream stream{.length = 5000, .drifts = {}, .alarms = g["alarms"]};
    for (const auto& d : g["drifts"]) stream.drifts.push_back({d[0], d[1]});
    const DetectionScores s = score_alarms({stream}, g["tolerance"], g.value("early", 0));
    const auto check = [&](const char* name, double value) {
      if (!g.contains(name)) return;
      EXPECT_DOUBLE_EQ(value, g[name].get<double>()) << g << name;
      ++checked;
    };
    check("mtr", s.mtr);
    check("recall", s.recall);
    check("episode_recall", s.episode_recall);
    check("mtd", s.mtd.mean);
    check("mtfa", s.mtfa.mean);
    check("true_alarms", static_cast<double>(s.true_alarms));
    check("false_alarms", static_cast<double>(s.false_alarms));
    check("f1", s.f1);
    check("normalised_delay", s.normalised_delay);
  }
  EXPECT_EQ(checked, 18);
}

// CapyMOA says no false alarm, rate 0 and precision 1 here, and nothing at all without a drift.
TEST(DetectionScores, CountAlarmsBehindTheLastDriftAndWithoutAny) {
  const DetectionScores s = score_alarms({{8000, {{1000, 1000}}, {1010, 5000, 6000, 7000}}}, 100);
  EXPECT_EQ(s.false_alarms, 3);
  EXPECT_EQ(s.after_last, 3);
  EXPECT_EQ(s.before_first, 0);
  EXPECT_DOUBLE_EQ(s.precision, 0.25);
  EXPECT_DOUBLE_EQ(s.false_per_thousand, 0.375);
  const DetectionScores none = score_alarms({{8000, {}, {5000, 6000, 7000}}}, 100);
  EXPECT_EQ(none.false_alarms, 3);
  EXPECT_DOUBLE_EQ(none.precision, 0);
  EXPECT_TRUE(std::isnan(none.recall));
  EXPECT_TRUE(std::isnan(none.mdr.share));
  EXPECT_EQ(none.before_first + none.after_last, 0);
}

TEST(DetectionScores, OfTotalFailureAreNought) {
  const DetectionScores s = score_alarms({{3000, {{1000, 1000}}, {500, 2000}}}, 100);
  EXPECT_DOUBLE_EQ(s.precision, 0);
  EXPECT_DOUBLE_EQ(s.recall, 0);
  EXPECT_DOUBLE_EQ(s.f1, 0);
  EXPECT_DOUBLE_EQ(score_alarms({{3000, {{1000, 1000}}, {}}}, 100).f1, 0);
  EXPECT_TRUE(std::isnan(score_alarms({{3000, {}, {500}}}, 100).f1));
}

TEST(DetectionScores, TakeAnyTolerance) {
  const std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  const DetectionScores s =
      score_alarms({{3000, {{1000, 1000}, {2000, 2000}}, {1500, 2900}}}, largest, largest);
  EXPECT_EQ(s.false_alarms, 0);
  EXPECT_EQ(s.true_alarms, 2);
}

// MOA divides by all drifts, so that a missed one would count as found at once.
TEST(DetectionScores, LeaveMissedDriftsOutOfTheDelay) {
  const DetectionScores s = score_alarms({{3000, {{1000, 1000}, {2000, 2000}}, {900, 1040}}}, 100);
  EXPECT_DOUBLE_EQ(s.mtd.mean, 40);
  EXPECT_EQ(s.mtd.n, 1);
  EXPECT_EQ(s.mdr.successes, 1);
  EXPECT_EQ(s.before_first, 1);
}

TEST(DetectionScores, ConditionTheDelayOnNoEarlierAlarm) {
  // An alarm at 500 spoils the first drift; the second is clean and found, the third clean, missed.
  const ScoredStream stream{4000, {{1000, 1000}, {2000, 2000}, {3000, 3000}}, {500, 1010, 2030}};
  const DetectionScores s = score_alarms({stream}, 100);
  EXPECT_DOUBLE_EQ(s.mtd.mean, 20);
  EXPECT_DOUBLE_EQ(s.arl1.mean, 30);
  EXPECT_EQ(s.arl1.n, 1);
  EXPECT_EQ(s.arl1_of, 2);
}

TEST(DetectionScores, ReadRunLengthsInQuietStretches) {
  // Quiet: [0, 99], [202, 999]. Runs 50 (alarm 49), censored 50; 98 (299), 100 (399), censored 600.
  const ScoredStream stream{1000, {{100, 101}}, {49, 150, 299, 399}};
  const DetectionScores s = score_alarms({stream}, 100);
  EXPECT_EQ(s.arl0.quiet, 898);
  EXPECT_EQ(s.arl0.alarms, 3);
  EXPECT_DOUBLE_EQ(s.arl0.mean, 898.0 / 3);
  EXPECT_EQ(s.arl0.completed.n, 3);
  EXPECT_DOUBLE_EQ(s.arl0.completed.mean, (50.0 + 98 + 100) / 3);
  EXPECT_EQ(s.mtfa.n, 2);
  EXPECT_DOUBLE_EQ(s.mtfa.mean, 175);
}

TEST(DetectionScores, BoundARunLengthWithoutAnAlarm) {
  const DetectionScores s = score_alarms({{2000, {}, {}}, {1000, {}, {}}}, 0);
  EXPECT_TRUE(std::isnan(s.arl0.mean));
  EXPECT_NEAR(s.arl0.at_least, 3000 / -std::log(0.05), 1e-9);  // chance e^{-3000 / ARL0} of none
  EXPECT_TRUE(std::isnan(s.mtr));
  EXPECT_EQ(s.streams, 2);
}

TEST(DetectionScores, DoNotJoinTheGapsOfDifferentStreams) {
  const DetectionScores s = score_alarms({{1000, {}, {900}}, {1000, {}, {950, 980}}}, 0);
  EXPECT_EQ(s.mtfa.n, 1);
  EXPECT_DOUBLE_EQ(s.mtfa.mean, 30);
  EXPECT_EQ(s.arl0.completed.n, 3);
}

TEST(DetectionScores, GiveAnAlarmToTheEarliestOfOverlappingWindows) {
  const DetectionScores s = score_alarms({{1000, {{100, 100}, {150, 150}}, {160, 210}}}, 100);
  EXPECT_EQ(s.detected, 2);
  EXPECT_DOUBLE_EQ(s.mtd.mean, 60);
  EXPECT_DOUBLE_EQ(s.recall, 1);
}

// Every set of alarms on a short stream against a direct reading of the definitions.
TEST(DetectionScores, AgreeWithBruteForce) {
  const std::vector<DriftInterval> drifts = {{2, 3}, {6, 6}, {10, 11}};
  for (int set = 0; set < 1 << 13; ++set) {
    ScoredStream stream{13, drifts, {}};
    for (int i = 0; i < 13; ++i) {
      if ((set >> i) % 2 == 1) stream.alarms.push_back(i);
    }
    std::vector<int> hits(3);
    double delays = 0;
    int false_alarms = 0;
    for (const std::int64_t alarm : stream.alarms) {
      int owner = -1;
      for (int k = 2; k >= 0; --k) {
        if (alarm >= drifts[k].start - 1 && alarm <= drifts[k].end + 2) owner = k;
      }
      if (owner < 0) {
        ++false_alarms;
      } else if (++hits[owner] == 1) {
        delays += static_cast<double>(alarm - drifts[owner].start);
      }
    }
    const int found = (hits[0] > 0) + (hits[1] > 0) + (hits[2] > 0);
    const DetectionScores s = score_alarms({stream}, 2, 1);
    ASSERT_EQ(s.false_alarms, false_alarms) << set;
    ASSERT_EQ(s.true_alarms, hits[0] + hits[1] + hits[2]) << set;
    ASSERT_EQ(s.detected, found) << set;
    if (found > 0) {
      ASSERT_DOUBLE_EQ(s.mtd.mean, delays / found) << set;
    }
    ASSERT_EQ(s.arl0.quiet, 1) << set;  // sample 0 alone
    ASSERT_EQ(s.arl0.alarms, s.arl0.completed.n) << set;
  }
}

std::string refusal(const ScoredStream& stream, std::int64_t tolerance = 1) {
  try {
    score_alarms({stream}, tolerance);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(DetectionScores, RefuseWhatIsNoTruth) {
  EXPECT_THAT(refusal({100, {{20, 10}}, {}}), HasSubstr("drift 20-10: ends before it starts"));
  EXPECT_THAT(refusal({100, {{20, 30}, {30, 40}}, {}}), HasSubstr("must start after 30"));
  EXPECT_THAT(refusal({100, {{20, 100}}, {}}), HasSubstr("outside of a stream of 100 samples"));
  EXPECT_THAT(refusal({100, {}, {5, 5}}), HasSubstr("alarm 5"));
  EXPECT_THAT(refusal({100, {}, {100}}), HasSubstr("alarm 100"));
  EXPECT_THAT(refusal({100, {}, {}}, -1), HasSubstr("tolerance -1"));
}

}  // namespace
}  // namespace tightrope
