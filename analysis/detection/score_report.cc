// SPDX-License-Identifier: Apache-2.0
#include "analysis/detection/score_report.h"

#include <charconv>
#include <cmath>

#include "analysis/detection/evaluation.h"
#include "core/base/check.h"
#include "core/base/strings.h"

namespace tightrope {
namespace {

std::int64_t position_of(std::string_view text, const std::string& all) {
  std::int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  TR_REQUIRE(error == std::errc() && end == text.data() + text.size() && value >= 0,
             "--truth {}: \"{}\" is not a position; write 1000-1100,3000 or none", all, text);
  return value;
}

std::vector<DriftInterval> drifts_of(const std::string& text) {
  std::vector<DriftInterval> drifts;
  if (text == "none") return drifts;
  for (const std::string& part : split(text, ',')) {
    const std::string_view trimmed = trim(part);
    const std::size_t dash = trimmed.find('-');
    const std::int64_t start = position_of(trimmed.substr(0, dash), text);
    const bool at_once = dash == std::string_view::npos;
    drifts.push_back({start, at_once ? start : position_of(trimmed.substr(dash + 1), text)});
  }
  return drifts;
}

std::string shown(double value) { return std::isnan(value) ? "-" : fmt::format("{:.4g}", value); }

std::string shown(const Interval& interval) {
  if (interval.n == 0) return "-";
  if (interval.n == 1) return shown(interval.mean) + "  (of 1)";
  return fmt::format("{:.4g}  ({:.4g} to {:.4g}, of {})", interval.mean, interval.low(),
                     interval.high(), interval.n);
}

nlohmann::ordered_json number(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

nlohmann::ordered_json entry(const Interval& interval) {
  const double nan = std::nan("");
  return {{"mean", number(interval.mean)},
          {"low", number(interval.n > 1 ? interval.low() : nan)},
          {"high", number(interval.n > 1 ? interval.high() : nan)},
          {"n", interval.n}};
}

nlohmann::ordered_json json_of(const DetectionScores& s) {
  return {
      {"samples", s.samples},
      {"alarms", s.alarms},
      {"true_alarms", s.true_alarms},
      {"false_alarms", s.false_alarms},
      {"before_first", s.before_first},
      {"after_last", s.after_last},
      {"drifts", s.drifts},
      {"detected", s.detected},
      {"arl0",
       {{"mean", number(s.arl0.mean)},
        {"at_least", number(s.arl0.at_least)},
        {"quiet", s.arl0.quiet},
        {"completed", entry(s.arl0.completed)}}},
      {"arl1", entry(s.arl1)},
      {"arl1_of", s.arl1_of},
      {"mtfa", entry(s.mtfa)},
      {"mtd", entry(s.mtd)},
      {"mdr",
       {{"share", number(s.mdr.share)}, {"low", number(s.mdr.low)}, {"high", number(s.mdr.high)}}},
      {"mtr", number(s.mtr)},
      {"precision", number(s.precision)},
      {"recall", number(s.recall)},
      {"episode_recall", number(s.episode_recall)},
      {"f1", number(s.f1)},
      {"normalised_delay", number(s.normalised_delay)},
      {"false_per_thousand", number(s.false_per_thousand)}};
}

std::string text_of(const DetectionScores& s) {
  const auto line = [](const std::string& name, const std::string& value) {
    return fmt::format("  {:<34} {}\n", name, value);
  };
  std::string out = fmt::format(
      "scores: {} alarms, {} true and {} false ({} before the first drift, {} after the last); {} "
      "of {} drifts detected\n",
      s.alarms, s.true_alarms, s.false_alarms, s.before_first, s.after_last, s.detected, s.drifts);
  out += line("ARL0 (quiet samples / false alarm)",
              fmt::format("{}  (at least {})", shown(s.arl0.mean), shown(s.arl0.at_least)));
  out += line("completed runs", shown(s.arl0.completed));
  out += line("ARL1 (delay, no earlier alarm)", shown(s.arl1));
  out += line("MTFA (between false alarms)", shown(s.mtfa));
  out += line("MTD (delay)", shown(s.mtd));
  out += line("MDR (drifts missed)",
              s.drifts == 0
                  ? "-"
                  : fmt::format("{:.4g}  ({:.4g} to {:.4g})", s.mdr.share, s.mdr.low, s.mdr.high));
  out += line("MTR = MTFA / MTD (1 - MDR)", shown(s.mtr));
  out += line("precision, recall, F1 of alarms",
              fmt::format("{}, {}, {}", shown(s.precision), shown(s.recall), shown(s.f1)));
  out += line("episode recall", shown(s.episode_recall));
  out += line("delay / tolerance", shown(s.normalised_delay));
  out += line("false alarms per 1000 samples", shown(s.false_per_thousand));
  return out;
}

}  // namespace

void require_readable(const Truth& truth) {
  TR_REQUIRE(truth.tolerance >= 0, "--tolerance {}: must be >= 0", truth.tolerance);
  TR_REQUIRE(truth.early >= 0, "--early {}: must be >= 0", truth.early);
  std::int64_t last = -1;
  for (const DriftInterval& drift : drifts_of(truth.drifts)) {
    TR_REQUIRE(drift.start > last && drift.end >= drift.start,
               "--truth {}: drifts ascend and lie apart, {}-{} does not", truth.drifts, drift.start,
               drift.end);
    last = drift.end;
  }
}

ScoreReport report_scores(const Truth& truth, std::int64_t length,
                          const std::vector<std::int64_t>& alarms) {
  const DetectionScores scores =
      score_alarms({{length, drifts_of(truth.drifts), alarms}}, truth.tolerance, truth.early);
  return {text_of(scores), json_of(scores)};
}

}  // namespace tightrope
