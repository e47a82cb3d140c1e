// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/alarm_scores.h"

#include <array>
#include <limits>

namespace tightrope {
namespace {

using Scores = DetectionScores;

struct Count {
  const char* name;
  const char* long_name;
  std::int64_t (*value)(const Scores&);
};

struct Figure {
  const char* name;
  const char* long_name;
  double (*value)(const Scores&);
};

constexpr std::array<Count, 5> kCounts = {{
    {"drifts", "true drifts that the series can show", [](const Scores& s) { return s.drifts; }},
    {"detected", "true drifts with an alarm in their window",
     [](const Scores& s) { return s.detected; }},
    {"true_alarms", "drift alarms in the window of a true drift",
     [](const Scores& s) { return s.true_alarms; }},
    {"false_alarms", "drift alarms outside of all windows",
     [](const Scores& s) { return s.false_alarms; }},
    {"quiet", "steps outside of all windows", [](const Scores& s) { return s.arl0.quiet; }},
}};

constexpr std::array<Figure, 11> kFigures = {{
    {"arl0", "quiet steps per false alarm", [](const Scores& s) { return s.arl0.mean; }},
    {"arl0_at_least", "95 % lower bound on arl0", [](const Scores& s) { return s.arl0.at_least; }},
    {"arl1", "mean delay in steps of drifts before which all was quiet",
     [](const Scores& s) { return s.arl1.mean; }},
    {"mtfa", "mean steps between consecutive false alarms",
     [](const Scores& s) { return s.mtfa.mean; }},
    {"mtd", "mean delay in steps of the detected drifts",
     [](const Scores& s) { return s.mtd.mean; }},
    {"mdr", "share of drifts that were missed", [](const Scores& s) { return s.mdr.share; }},
    {"mdr_low", "lower end of the 95 % Wilson interval of mdr",
     [](const Scores& s) { return s.mdr.low; }},
    {"mdr_high", "upper end of the 95 % Wilson interval of mdr",
     [](const Scores& s) { return s.mdr.high; }},
    {"precision", "true alarms among drift alarms", [](const Scores& s) { return s.precision; }},
    {"recall", "true alarms / (true alarms + missed drifts)",
     [](const Scores& s) { return s.recall; }},
    {"episode_recall", "detected drifts among drifts",
     [](const Scores& s) { return s.episode_recall; }},
}};

LogVariable variable(const char* name, const char* long_name, LogType type) {
  LogVariable out;
  out.name = name;
  out.dims = {"segment", "series", "detector"};
  out.type = type;
  out.units = "1";
  out.long_name = long_name;
  return out;
}

}  // namespace

std::vector<LogVariable> score_variables() {
  std::vector<LogVariable> out;
  for (const Count& c : kCounts) out.push_back(variable(c.name, c.long_name, LogType::kI64));
  for (const Figure& f : kFigures) out.push_back(variable(f.name, f.long_name, LogType::kF64));
  return out;
}

void write_scores(const AlarmScores& scores, LogWriter& writer) {
  for (const Count& count : kCounts) {
    std::vector<std::int64_t> values;
    for (const auto& score : scores) values.push_back(score ? count.value(*score) : 0);
    writer.write(std::string("alarms/") + count.name, values);
  }
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const Figure& figure : kFigures) {
    std::vector<double> values;
    for (const auto& score : scores) values.push_back(score ? figure.value(*score) : kNan);
    writer.write(std::string("alarms/") + figure.name, values);
  }
}

}  // namespace tightrope
