// SPDX-License-Identifier: Apache-2.0
// Alarms against the true drifts of a hand-written log. The detector says exactly where a sample
// leaves 1 +- 3, so every figure below is counted by hand.
#include <fmt/format.h>

#include <algorithm>

#include "analysis/analyze/detection_table.h"
#include "tests/analysis/ledger_support.h"

namespace tightrope {
namespace {

using namespace ledger_test;
using Int = std::vector<std::int64_t>;

constexpr std::size_t kSteps = 400;
constexpr const char* kNow = R"({"kind": "stream", "environment": "now"})";

AnalyzeOptions spikes_only(std::int64_t tolerance = 100) {
  AnalyzeOptions options;
  options.ledger = options.measures = false;
  options.alarm_choice.detectors = choose_detectors(
      {"shewhart"}, {"shewhart.mean=1", "shewhart.deviation=1", "shewhart.min_instances=1"});
  options.alarm_choice.tolerance = tolerance;
  return options;
}

// Two stages of 100 and 400 steps; the log is that of the second. Sample 0 of every spike is 1.
HandLog log_of(const std::vector<std::vector<std::size_t>>& spikes,
               const std::string& data = kNow) {
  HandLog log = random_log();
  log.stages = {{"sft", 100}, {"rft", static_cast<std::int64_t>(kSteps), data}};
  log.stage = "rft";
  std::vector<double>& loss = log.scalars["loss"];
  loss.assign(log.segments * kSteps, 1.0);
  for (std::size_t s = 0; s < spikes.size(); ++s) {
    for (const std::size_t t : spikes[s]) loss[s * kSteps + t] = 10;
  }
  return log;
}

void set_events(HandLog& log, const std::vector<HandLog::Event>& events) {
  for (std::size_t s = 0; s < log.segments; ++s) {
    log.events.insert(log.events.end(), events.begin(), events.end());
  }
}

// Stream time 300 is step 200. The second segment misses it; the third has diverged before.
HandLog counted_log(const std::string& data = kNow) {
  HandLog log = log_of({{50, 80, 210, 250, 320}, {}, {149}}, data);
  set_events(log, {{300}});
  std::vector<double>& loss = log.scalars["loss"];
  std::fill_n(loss.begin() + 2 * kSteps + 150, kSteps - 150, kNan);
  return log;
}

Int integers(const Analysed& analysed, const std::string& name) {
  return analysed.open().read<std::int64_t>("alarms/" + name).values;
}

// NaN equals NaN.
void expect_figures(const Analysed& analysed, const std::string& name,
                    const std::vector<double>& expected) {
  const auto values = analysed.values("alarms/" + name);
  ASSERT_EQ(values.size(), expected.size()) << name;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(values[i])) << name << " " << i << ": " << values[i];
    } else {
      EXPECT_NEAR(values[i], expected[i], 1e-9) << name << " " << i;
    }
  }
}

TEST(AlarmScores, CountedByHand) {
  const Analysed analysed(counted_log(), spikes_only());
  EXPECT_EQ(integers(analysed, "count"), (Int{5, 0, 1}));
  EXPECT_EQ(integers(analysed, "first_step"), (Int{0, 0, 0}));
  EXPECT_EQ(integers(analysed, "last_step"), (Int{399, 399, 149}));
  EXPECT_EQ(integers(analysed, "drift_start"), (Int{200, 200, 200}));
  EXPECT_EQ(integers(analysed, "drift_end"), (Int{200, 200, 200}));
  EXPECT_EQ(integers(analysed, "drifts"), (Int{1, 1, 0}));
  EXPECT_EQ(integers(analysed, "detected"), (Int{1, 0, 0}));
  EXPECT_EQ(integers(analysed, "true_alarms"), (Int{2, 0, 0}));   // 210 and 250
  EXPECT_EQ(integers(analysed, "false_alarms"), (Int{3, 0, 1}));  // 50, 80, 320; 149
  EXPECT_EQ(integers(analysed, "quiet"), (Int{299, 299, 150}));   // the window is [200, 300]
  const double none = -std::log(0.05), z2 = 1.959963984540054 * 1.959963984540054;
  expect_figures(analysed, "arl0", {299.0 / 3, kNan, 150});
  EXPECT_NEAR(analysed.values("alarms/arl0_at_least")[1], 299 / none, 1e-9);
  expect_figures(analysed, "arl1", {kNan, kNan, kNan});  // false alarms came before
  expect_figures(analysed, "mtfa", {(30.0 + 240.0) / 2, kNan, kNan});
  expect_figures(analysed, "mtd", {10, kNan, kNan});
  expect_figures(analysed, "mdr", {0, 1, kNan});
  expect_figures(analysed, "mdr_low", {0, 1 / (1 + z2), kNan});
  expect_figures(analysed, "mdr_high", {z2 / (1 + z2), 1, kNan});
  expect_figures(analysed, "precision", {2.0 / 5, kNan, 0});
  expect_figures(analysed, "recall", {1, 0, kNan});
  expect_figures(analysed, "episode_recall", {1, 0, kNan});
  const Analysed strict(counted_log(), spikes_only(9));  // the window ends before 210
  EXPECT_EQ(integers(strict, "true_alarms"), (Int{0, 0, 0}));
  EXPECT_EQ(integers(strict, "false_alarms"), (Int{5, 0, 1}));
}

TEST(AlarmScores, AStageOnFixedDataOrANamedEnvironmentSeesNoDrift) {
  for (const char* data : {R"({"kind": "fixed", "environment": "source"})",
                           R"({"kind": "stream", "environment": "target"})",
                           R"({"kind": "fixed", "environment": "now"})"}) {
    const Analysed analysed(counted_log(data), spikes_only());
    const LogReader file = analysed.open();
    EXPECT_EQ(file.read<std::uint8_t>("alarms/follows_world").values,
              (std::vector<std::uint8_t>{0, 0, 0}));
    EXPECT_FALSE(file.has("alarms/drift_start"));
    EXPECT_EQ(integers(analysed, "drifts"), (Int{0, 0, 0}));
    EXPECT_EQ(integers(analysed, "false_alarms"), (Int{5, 0, 1}));
    EXPECT_EQ(integers(analysed, "quiet"), (Int{400, 400, 150}));
    expect_figures(analysed, "arl0", {80, kNan, 150});
    expect_figures(analysed, "mdr", {kNan, kNan, kNan});
  }
  EXPECT_EQ(Analysed(counted_log(), spikes_only())
                .open()
                .read<std::uint8_t>("alarms/follows_world")
                .values,
            (std::vector<std::uint8_t>{1, 1, 1}));
}

// Starts and ends in steps of the second stage; stream time 100 is its first step.
std::pair<Int, Int> truth_of(const std::vector<HandLog::Event>& events) {
  HandLog log = log_of({});
  set_events(log, events);
  const Analysed analysed(log, spikes_only());
  if (!analysed.open().has("alarms/drift_start")) return {};
  Int start = integers(analysed, "drift_start"), end = integers(analysed, "drift_end");
  start.resize(start.size() / 3);  // the segments are alike
  end.resize(end.size() / 3);
  return {start, end};
}

TEST(AlarmScores, EventsBecomeDriftsOfTheSegment) {
  using Truth = std::pair<Int, Int>;
  const std::string prior = "prior";
  EXPECT_EQ(truth_of({{-1}}), Truth());
  EXPECT_EQ(truth_of({{50}}), Truth());   // in the stage before
  EXPECT_EQ(truth_of({{100}}), Truth());  // its law is the first that the stage sees
  EXPECT_EQ(truth_of({{101}}), Truth({1}, {1}));
  EXPECT_EQ(truth_of({{499}}), Truth({399}, {399}));
  EXPECT_EQ(truth_of({{500}}), Truth());  // the end of the stream: nobody is trained behind it
  // Two factors at once are one drift; a recurring law starts and ends at once.
  EXPECT_EQ(truth_of({{200, "sudden"}, {200, "sudden", "lexical"}}), Truth({100}, {100}));
  EXPECT_EQ(truth_of({{200, "recurring", prior, "start"}, {260, "recurring", prior, "end"}}),
            Truth({100, 160}, {100, 160}));
  // A gradual one lasts, also from before the stage and behind its end.
  EXPECT_EQ(truth_of({{150, "gradual", prior, "start"}, {250, "gradual", prior, "end"}}),
            Truth({50}, {150}));
  EXPECT_EQ(truth_of({{20, "incremental", prior, "start"}, {180, "incremental", prior, "end"}}),
            Truth({0}, {80}));
  EXPECT_EQ(truth_of({{180, "gradual", prior, "end"}}), Truth({0}, {80}));
  EXPECT_EQ(truth_of({{10, "gradual", prior, "start"}, {100, "gradual", prior, "end"}}), Truth());
  EXPECT_EQ(truth_of({{460, "adversarial", prior, "start"}, {500, "adversarial", prior, "end"}}),
            Truth({360}, {399}));
  EXPECT_EQ(truth_of({{300, "random_walk", prior, "start"}}), Truth({200}, {399}));
  EXPECT_EQ(truth_of({{150, "gradual", prior, "switch"}}), Truth({50}, {50}));  // width 0
  // What overlaps is one; an end closes the start of its own factor.
  EXPECT_EQ(truth_of({{150, "gradual", prior, "start"},
                      {200, "gradual", "lexical", "start"},
                      {240, "sudden"},
                      {250, "gradual", prior, "end"},
                      {320, "gradual", "lexical", "end"},
                      {400}}),
            Truth({50, 300}, {220, 300}));
}

TEST(AlarmScores, TheTableCountsOverSegments) {
  const Analysed analysed(counted_log(), spikes_only());
  const std::string table = detection_table(analysed.folder());
  // Without drift: 150 steps, one false alarm. With: MTFA 135, MTD 10, one of two missed.
  EXPECT_NE(table.find("tolerance 100;"), std::string::npos) << table;
  EXPECT_NE(table.find("| scalars/loss | shewhart | 1 | 150 (at least 31.62) | 2 | - | "
                       "10 (of 1) | 0.5 (0.095 to 0.91, of 2) | 6.75 |\n"),
            std::string::npos)
      << table;
  EXPECT_EQ(detection_table(Analysed(random_log()).folder()), "");
}

// A metric that is not there from the start: positions are steps behind its first sample.
TEST(AlarmScores, ASeriesMayBeginLate) {
  HandLog log = log_of({{25, 210}});
  set_events(log, {{110}, {300}});
  std::fill_n(log.scalars["loss"].begin(), 20, kNan);
  const Analysed analysed(log, spikes_only(10));
  EXPECT_EQ(integers(analysed, "first_step"), (Int{20, 0, 0}));
  EXPECT_EQ(integers(analysed, "drifts"), (Int{1, 2, 2}));  // step 10 lies before the first sample
  EXPECT_EQ(integers(analysed, "true_alarms"), (Int{1, 0, 0}));
  EXPECT_EQ(integers(analysed, "quiet"), (Int{380 - 11, 400 - 22, 400 - 22}));
  expect_figures(analysed, "mtd", {10, kNan, kNan});
}

// A warning is no alarm: errors at every tenth step, then at every third.
TEST(AlarmScores, WarningsAreNotScored) {
  HandLog log = random_log();
  log.segments = 3;
  for (std::size_t i = 0; i < 3 * kSteps; ++i) {
    const std::size_t t = i % kSteps;
    log.scalars["loss"].push_back(t % (t < 200 ? 10 : 3) == 0 ? 1 : 0);
  }
  AnalyzeOptions options = spikes_only();
  options.alarm_choice.detectors = choose_detectors({"ddm"}, {});
  const Analysed analysed(log, options);
  const auto kind = analysed.open().read<std::uint8_t>("alarms/kind").values;
  const auto drifts = std::count(kind.begin(), kind.end(), 2);
  ASSERT_GT(drifts, 0);
  ASSERT_GT(std::count(kind.begin(), kind.end(), 1), 0);
  EXPECT_EQ(integers(analysed, "false_alarms"), (Int{drifts / 3, drifts / 3, drifts / 3}));
  const std::string arl0 = fmt::format("| {:.4g} (at least", 1200.0 / static_cast<double>(drifts));
  EXPECT_NE(detection_table(analysed.folder()).find(arl0), std::string::npos) << arl0;
}

TEST(AlarmScores, AConfigurationWithoutTheStagesEnvironmentIsDamaged) {
  HandLog log = counted_log();
  log.stages[1].data = R"({"kind": "stream"})";
  const Analysed analysed(log, spikes_only());
  ASSERT_EQ(analysed.report.failed.size(), 1U);
  EXPECT_NE(analysed.report.failed[0].find("/meta/config is damaged"), std::string::npos);
}

}  // namespace
}  // namespace tightrope
