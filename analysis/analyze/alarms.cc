// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/alarms.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr const char* kUsual[] = {"scalars/loss",
                                  "scalars/rewards_accuracies",
                                  "scalars/reward",
                                  "scalars/entropy",
                                  "scalars/kl_to_reference",
                                  "scalars/prequential_accuracy",
                                  "scalars/prequential_log_loss",
                                  "scalars/prequential_regret"};

std::vector<std::string> by_segment(const LogReader& log) {
  std::vector<std::string> names;
  for (const LogVariableInfo& info : log.variables("scalars")) {
    if (info.dims.size() == 2) names.push_back(info.name);
  }
  return names;
}

std::vector<std::string> series_of(const LogReader& log, const std::vector<std::string>& asked) {
  const std::vector<std::string> known = by_segment(log);
  std::vector<std::string> out;
  for (const std::string& name : asked) {
    const std::string full = name.find('/') == std::string::npos ? "scalars/" + name : name;
    TR_REQUIRE(std::find(known.begin(), known.end(), full) != known.end(),
               "{}: has no series '{}' by segment and step{}", log.path(), full,
               did_you_mean(full, known));
    out.push_back(full);
  }
  if (!asked.empty()) return out;
  for (const char* name : kUsual) {
    if (std::find(known.begin(), known.end(), name) != known.end()) out.emplace_back(name);
  }
  return out;
}

// The drifts cut to the steps of the log.
std::vector<DriftInterval> within(const std::vector<DriftInterval>& drifts,
                                  const std::vector<std::int64_t>& steps) {
  if (steps.empty()) return {};
  std::vector<DriftInterval> out = visible_drifts(drifts, steps.front(), steps.back());
  for (DriftInterval& drift : out) {
    drift.start += steps.front();
    drift.end += steps.front();
  }
  return out;
}

LogVariable variable(const std::string& name, LogType type, const std::string& units,
                     const std::string& long_name, bool by_alarm = true) {
  LogVariable out;
  out.name = name;
  out.dims = {"segment", "series", "detector"};
  if (by_alarm) out.dims.push_back("alarm");
  out.type = type;
  out.units = units;
  out.long_name = long_name;
  out.compress = type != LogType::kF64;
  return out;
}

}  // namespace

std::vector<ChosenDetector> choose_detectors(const std::vector<std::string>& names,
                                             const std::vector<std::string>& settings) {
  Problems problems;
  std::vector<Node> nodes;
  for (const std::string& name : names) {
    nodes.push_back(with_value(Node::map({}), "type", text_node(name)));
  }
  for (const std::string& setting : settings) {
    const std::size_t dot = setting.find('.'), equals = setting.find('=');
    TR_REQUIRE(dot != std::string::npos && equals != std::string::npos && dot < equals,
               "--set {}: expected DETECTOR.OPTION=VALUE", setting);
    const auto at = std::find(names.begin(), names.end(), setting.substr(0, dot));
    TR_REQUIRE(at != names.end(), "--set {}: no detector '{}' was chosen{}", setting,
               setting.substr(0, dot), did_you_mean(setting.substr(0, dot), names));
    Node& node = nodes[static_cast<std::size_t>(at - names.begin())];
    node = with_value(node, setting.substr(dot + 1, equals - dot - 1),
                      Node::scalar(setting.substr(equals + 1)));
  }
  std::vector<ChosenDetector> out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    out.push_back({names[i], Registry<DetectorModel>::get().build(nodes[i], names[i], problems)});
  }
  problems.throw_if_any();
  return out;
}

PackAlarms::PackAlarms(const PackView& view, const AlarmChoice& choice)
    : segments_(view.segments),
      series_(series_of(view.log, choice.series)),
      follows_world_(view.follows_world),
      truth_(drift_truth(view)) {
  TR_REQUIRE(!series_.empty(), "{}: has no series for the detectors; choose some with --on",
             view.log.path());
  for (const ChosenDetector& detector : choice.detectors) detectors_.push_back(detector.name);
  const auto time = view.log.read<std::int64_t>("scalars/step").values;
  for (auto& drifts : truth_) drifts = within(drifts, time);
  cells_.resize(segments_ * series_.size() * detectors_.size());
  reach_.resize(segments_ * series_.size());
  for (std::size_t k = 0; k < series_.size(); ++k) {
    const auto all = view.log.read<double>(series_[k]).values;
    for (std::size_t s = 0; s < segments_; ++s) {
      std::vector<double> x;
      std::vector<std::int64_t> when;
      for (std::size_t t = 0; t < time.size(); ++t) {
        const double value = all[s * time.size() + t];
        if (!std::isfinite(value)) continue;
        x.push_back(value);
        when.push_back(time[t]);
      }
      if (!when.empty()) reach_[s * series_.size() + k] = {when.front(), when.back()};
      for (std::size_t d = 0; d < detectors_.size(); ++d) {
        scan(choice.detectors[d], when, x,
             cells_[(s * series_.size() + k) * detectors_.size() + d]);
      }
    }
  }
  for (const Cell& cell : cells_) longest_ = std::max(longest_, cell.alarms.size());
  score(choice.tolerance);
}

void PackAlarms::score(std::int64_t tolerance) {
  scores_.resize(cells_.size());
  for (std::size_t c = 0; c < cells_.size(); ++c) {
    const Reach& reach = reach_[c / detectors_.size()];
    if (cells_[c].applied == 0 || reach.first < 0) continue;
    const std::size_t segment = c / detectors_.size() / series_.size();
    ScoredStream stream{
        reach.last - reach.first + 1, visible_drifts(truth_[segment], reach.first, reach.last), {}};
    for (const Alarm& alarm : cells_[c].alarms) {
      const bool drift = alarm.kind == static_cast<std::uint8_t>(AlarmLevel::kDrift);
      if (drift) stream.alarms.push_back(alarm.time - reach.first);
    }
    scores_[c] = score_alarms({stream}, tolerance);
  }
}

void PackAlarms::scan(const ChosenDetector& detector, const std::vector<std::int64_t>& time,
                      const std::vector<double>& x, Cell& cell) const {
  std::int64_t last_warning = -2;
  const auto enter = [&](std::int64_t position, const DetectorState& state) {
    const bool warning = state.verdict == AlarmLevel::kWarning;
    const bool goes_on = warning && last_warning == position - 1;
    if (warning) last_warning = position;
    if (goes_on) return;
    Alarm& alarm = cell.alarms.emplace_back();
    alarm.time = time[static_cast<std::size_t>(position)];
    TR_CHECK(state.change_time <= position, "{} puts the change of its alarm at {} at {}",
             detector.name, position, state.change_time);
    if (state.change_time >= 0) {
      alarm.change_time = time[static_cast<std::size_t>(state.change_time)];
    }
    alarm.direction = state.direction;
    alarm.kind = static_cast<std::uint8_t>(state.verdict);
    alarm.statistic = state.statistic;
    alarm.threshold = state.threshold;
  };
  try {
    detector.model->make()->scan(x, enter);
  } catch (const InputError&) {  // a sample outside of the detector's domain
    cell = {};
    cell.applied = 0;
  }
}

LogGroup PackAlarms::group() const {
  LogGroup group{"alarms", "change detectors on the training series; docs/ledger.md", {}, {}};
  group.dims = {fixed_dimension("segment", segments_),
                labelled_dimension("series", series_, "1", "variable of the log"),
                labelled_dimension("detector", detectors_, "1", "change detector"),
                fixed_dimension("alarm", longest_)};
  LogVariable kind = variable("kind", LogType::kU8, "1", "severity; none: padding");
  kind.flag_values = {0, 1, 2};
  kind.flag_meanings = {"none", "warning", "drift"};
  LogVariable direction =
      variable("direction", LogType::kI32, "1", "of a drift: where the mean went");
  direction.flag_values = {-1, 0, 1};
  direction.flag_meanings = {"fell", "unknown", "rose"};
  LogVariable applied = variable("applied", LogType::kU8, "1",
                                 "whether the series is in the detector's domain", false);
  applied.flag_values = {0, 1};
  applied.flag_meanings = {"outside", "applied"};
  LogVariable follows = variable(
      "follows_world", LogType::kU8, "1",
      "whether the stage trains on a stream of the world as it is; if not, no drift is in it");
  follows.dims = {"segment"};
  follows.flag_values = {0, 1};
  follows.flag_meanings = {"drift_free", "follows"};
  group.variables = {
      variable("time", LogType::kI64, "1", "step of the sample that raised it; -1: padding"),
      kind,
      direction,
      variable("change_time", LogType::kI64, "1",
               "step of the first sample behind the change as estimated; -1: not estimated"),
      variable("statistic", LogType::kF64, "1", "the detector's statistic"),
      variable("threshold", LogType::kF64, "1", "the threshold that it passed"),
      variable("count", LogType::kI64, "1", "alarms of the series by the detector", false),
      applied,
      follows};
  for (const char* name : {"first_step", "last_step"}) {
    group.variables.push_back(variable(
        name, LogType::kI64, "1", "step of the series' first or last sample; -1: none", false));
    group.variables.back().dims.pop_back();
  }
  for (LogVariable& score : score_variables()) group.variables.push_back(std::move(score));
  if (drifts() == 0) return group;
  group.dims.push_back(fixed_dimension("drift", drifts()));
  for (const char* name : {"drift_start", "drift_end"}) {
    group.variables.push_back(variable(name, LogType::kI64, "1",
                                       "first or last step of a true drift; -1: padding", false));
    group.variables.back().dims = {"segment", "drift"};
  }
  return group;
}

std::size_t PackAlarms::drifts() const {
  std::size_t most = 0;
  for (const auto& drifts : truth_) most = std::max(most, drifts.size());
  return most;
}

template <class T, class Member>
std::vector<T> PackAlarms::padded(Member member, T absent) const {
  std::vector<T> out(cells_.size() * longest_, absent);
  for (std::size_t c = 0; c < cells_.size(); ++c) {
    for (std::size_t i = 0; i < cells_[c].alarms.size(); ++i) {
      out[c * longest_ + i] = cells_[c].alarms[i].*member;
    }
  }
  return out;
}

void PackAlarms::write(LogWriter& writer) const {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  writer.write("alarms/time", padded<std::int64_t>(&Alarm::time, -1));
  writer.write("alarms/kind", padded<std::uint8_t>(&Alarm::kind, 0));
  writer.write("alarms/direction", padded<std::int32_t>(&Alarm::direction, 0));
  writer.write("alarms/change_time", padded<std::int64_t>(&Alarm::change_time, -1));
  writer.write("alarms/statistic", padded<double>(&Alarm::statistic, kNan));
  writer.write("alarms/threshold", padded<double>(&Alarm::threshold, kNan));
  std::vector<std::int64_t> count;
  std::vector<std::uint8_t> applied;
  for (const Cell& cell : cells_) {
    count.push_back(static_cast<std::int64_t>(cell.alarms.size()));
    applied.push_back(cell.applied);
  }
  writer.write("alarms/count", count);
  writer.write("alarms/applied", applied);
  write_truth(writer);
  write_scores(scores_, writer);
}

void PackAlarms::write_truth(LogWriter& writer) const {
  writer.write("alarms/follows_world", follows_world_);
  std::vector<std::int64_t> first, last;
  for (const Reach& reach : reach_) {
    first.push_back(reach.first);
    last.push_back(reach.last);
  }
  writer.write("alarms/first_step", first);
  writer.write("alarms/last_step", last);
  if (drifts() == 0) return;
  std::vector<std::int64_t> start(segments_ * drifts(), -1), end(start);
  for (std::size_t s = 0; s < segments_; ++s) {
    for (std::size_t i = 0; i < truth_[s].size(); ++i) {
      start[s * drifts() + i] = truth_[s][i].start;
      end[s * drifts() + i] = truth_[s][i].end;
    }
  }
  writer.write("alarms/drift_start", start);
  writer.write("alarms/drift_end", end);
}

}  // namespace tightrope
