// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/detection_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "analysis/analyze/analyzer.h"
#include "analysis/analyze/drift_truth.h"
#include "analysis/detection/evaluation.h"
#include "core/base/error.h"
#include "core/log/files.h"
#include "core/log/reader.h"

namespace tightrope {
namespace {

using Key = std::pair<std::string, std::string>;  // series, detector

struct Streams {
  std::vector<ScoredStream> drifting, quiet;
};

struct Table {
  std::map<Key, Streams> streams;
  std::set<std::int64_t> tolerances;
};

// /alarms of one analysis file.
class Alarms {
 public:
  explicit Alarms(const LogReader& file)
      : series(file.read_strings("alarms/series").values),
        detectors(file.read_strings("alarms/detector").values),
        time_(file.read<std::int64_t>("alarms/time")),
        kind_(file.read<std::uint8_t>("alarms/kind").values),
        applied_(file.read<std::uint8_t>("alarms/applied").values),
        first_(file.read<std::int64_t>("alarms/first_step").values),
        last_(file.read<std::int64_t>("alarms/last_step").values) {
    if (file.has("alarms/drift_start")) {
      start_ = file.read<std::int64_t>("alarms/drift_start").values;
      end_ = file.read<std::int64_t>("alarms/drift_end").values;
    }
    require_fitting(file.path());
  }

  void add_to(Table& table) const {
    for (std::size_t cell = 0; cell < applied_.size(); ++cell) {
      const std::size_t d = cell % detectors.size(), row = cell / detectors.size();
      if (applied_[cell] == 0 || first_[row] < 0) continue;
      ScoredStream stream{last_[row] - first_[row] + 1,
                          visible_drifts(drifts(row / series.size()), first_[row], last_[row]),
                          alarms(cell, first_[row])};
      Streams& to = table.streams[{series[row % series.size()], detectors[d]}];
      (stream.drifts.empty() ? to.quiet : to.drifting).push_back(std::move(stream));
    }
  }

  std::vector<std::string> series, detectors;

 private:
  void require_fitting(const std::string& path) const {
    const LogShape& shape = time_.shape;
    const bool fits = shape.size() == 4 && shape[0] > 0 && shape[1] == series.size() &&
                      shape[2] == detectors.size() && kind_.size() == time_.values.size() &&
                      applied_.size() == shape[0] * shape[1] * shape[2] &&
                      first_.size() == shape[0] * shape[1] && last_.size() == first_.size() &&
                      start_.size() % shape[0] == 0 && end_.size() == start_.size();
    if (!fits) throw IoError(fmt::format("{}: the variables of /alarms do not fit", path));
  }
  std::vector<DriftInterval> drifts(std::size_t segment) const {
    std::vector<DriftInterval> out;
    const std::size_t width = start_.size() / time_.shape[0];
    for (std::size_t i = segment * width; i < (segment + 1) * width; ++i) {
      if (start_[i] >= 0) out.push_back({start_[i], end_[i]});
    }
    return out;
  }
  std::vector<std::int64_t> alarms(std::size_t cell, std::int64_t first) const {
    std::vector<std::int64_t> out;
    const std::size_t width = time_.shape.back();
    for (std::size_t i = cell * width; i < (cell + 1) * width; ++i) {
      if (kind_[i] == 2) out.push_back(time_.values[i] - first);
    }
    return out;
  }

  LogArray<std::int64_t> time_;
  std::vector<std::uint8_t> kind_, applied_;
  std::vector<std::int64_t> first_, last_, start_, end_;
};

void read_file(const std::string& path, Table& table) {
  const LogReader file = LogReader::open(path, {"alarms"});
  if (!file.has("alarms/first_step")) return;
  for (const LogAttribute& attribute : file.attributes()) {
    if (attribute.name != "tolerance") continue;
    if (const auto* steps = std::get_if<std::int64_t>(&attribute.value)) {
      table.tolerances.insert(*steps);
    }
  }
  Alarms(file).add_to(table);
}

std::string shown(double value) { return std::isnan(value) ? "-" : fmt::format("{:.4g}", value); }

std::string with_count(const Interval& interval) {
  return interval.n == 0 ? "-" : fmt::format("{:.4g} (of {})", interval.mean, interval.n);
}

std::string line_of(const Key& key, const Streams& streams, std::int64_t tolerance) {
  const auto n = [](const std::vector<ScoredStream>& all) { return all.size(); };
  std::string out = fmt::format("| {} | {} | {} |", key.first, key.second, n(streams.quiet));
  if (streams.quiet.empty()) {
    out += " - |";
  } else {
    const DetectionScores s = score_alarms(streams.quiet, tolerance);
    out += fmt::format(" {} (at least {}) |", shown(s.arl0.mean), shown(s.arl0.at_least));
  }
  if (streams.drifting.empty()) return out + " 0 | - | - | - | - |\n";
  const DetectionScores s = score_alarms(streams.drifting, tolerance);
  return out + fmt::format(" {} | {} | {} | {} ({:.2g} to {:.2g}, of {}) | {} |\n",
                           n(streams.drifting), with_count(s.arl1), with_count(s.mtd),
                           shown(s.mdr.share), s.mdr.low, s.mdr.high, s.drifts, shown(s.mtr));
}

}  // namespace

std::string detection_table(const std::string& folder) {
  Table table;
  for (const std::string& log : pack_logs(folder)) {
    if (!file_exists(analysis_path(log))) continue;
    try {
      read_file(analysis_path(log), table);
    } catch (const IoError& error) {
      throw IoError(fmt::format("{} (analyze --force makes it again)", error.what()));
    }
  }
  if (table.streams.empty()) return "";
  if (table.tolerances.size() != 1) {
    return "alarms: packs of this folder were analysed with different tolerances: no table\n\n";
  }
  const std::int64_t tolerance = *table.tolerances.begin();
  std::string out = fmt::format(
      "**alarms** against the true drifts of the world, in steps, tolerance {}; a stream is one "
      "series of one segment\n\n"
      "| series | detector | streams without drift | ARL0 | with drift | ARL1 | MTD | MDR (95 %) | "
      "MTR |\n|---|---|---|---|---|---|---|---|---|\n",
      tolerance);
  for (const auto& [key, streams] : table.streams) out += line_of(key, streams, tolerance);
  return out + "\n";
}

}  // namespace tightrope
