// SPDX-License-Identifier: Apache-2.0
// The group /alarms: what change detectors say about a pack's training series.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analysis/analyze/alarm_scores.h"
#include "analysis/analyze/drift_truth.h"
#include "analysis/analyze/pack_view.h"
#include "core/detectors/detector.h"
#include "core/log/schema.h"
#include "core/log/writer.h"

namespace tightrope {

struct ChosenDetector {
  std::string name;
  std::shared_ptr<const DetectorModel> model;
};

struct AlarmChoice {
  std::vector<ChosenDetector> detectors;
  std::vector<std::string> series;  // variables of /scalars by segment; empty: the usual ones
  std::int64_t tolerance = 100;     // steps behind a true drift within which an alarm is true
};

// Builds the named detectors; `settings` are "NAME.option=value". InputError for what is unknown
// or out of range, with the nearest name.
std::vector<ChosenDetector> choose_detectors(const std::vector<std::string>& names,
                                             const std::vector<std::string>& settings);

// All alarms of a pack, [segment, series, detector, alarm], padded. Of a stretch of warnings the
// first is kept. Samples that are not finite (a diverged segment, a metric of other steps) are
// left out; a detector whose domain a series leaves has `applied` 0 and no alarms for it. Drift
// alarms are scored (score_alarms) against the drifts that the series can show (drift_truth), in
// steps from its first sample to its last; in a segment without any, every one is false.
class PackAlarms {
 public:
  // InputError for a series that the log does not have.
  PackAlarms(const PackView& view, const AlarmChoice& choice);
  LogGroup group() const;
  void write(LogWriter& writer) const;

 private:
  struct Alarm {
    std::int64_t time = -1, change_time = -1;
    std::int32_t direction = 0;
    std::uint8_t kind = 0;
    double statistic = 0, threshold = 0;
  };
  struct Cell {
    std::uint8_t applied = 1;
    std::vector<Alarm> alarms;
  };
  struct Reach {
    std::int64_t first = -1, last = -1;  // steps of a series' samples
  };
  void score(std::int64_t tolerance);
  void scan(const ChosenDetector& detector, const std::vector<std::int64_t>& time,
            const std::vector<double>& x, Cell& cell) const;
  std::size_t drifts() const;  // of the segment with most
  void write_truth(LogWriter& writer) const;
  template <class T, class Member>
  std::vector<T> padded(Member member, T absent) const;

  std::size_t segments_;
  std::vector<std::string> series_, detectors_;
  std::size_t longest_ = 1;
  std::vector<Cell> cells_;   // [segment, series, detector]
  std::vector<Reach> reach_;  // [segment, series]
  std::vector<std::uint8_t> follows_world_;
  std::vector<std::vector<DriftInterval>> truth_;  // by segment
  AlarmScores scores_;
};

}  // namespace tightrope
