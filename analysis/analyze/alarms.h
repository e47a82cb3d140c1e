// SPDX-License-Identifier: Apache-2.0
// The group /alarms: what change detectors say about a pack's training series.
#pragma once

#include <memory>
#include <string>
#include <vector>

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
};

// Builds the named detectors; `settings` are "NAME.option=value". InputError for what is unknown
// or out of range, with the nearest name.
std::vector<ChosenDetector> choose_detectors(const std::vector<std::string>& names,
                                             const std::vector<std::string>& settings);

// All alarms of a pack, [segment, series, detector, alarm], padded. Of a stretch of warnings the
// first is kept. Samples that are not finite (a diverged segment, a metric of other steps) are
// left out; a detector whose domain a series leaves has `applied` 0 and no alarms for it.
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
  void scan(const ChosenDetector& detector, const std::vector<std::int64_t>& time,
            const std::vector<double>& x, Cell& cell) const;
  template <class T, class Member>
  std::vector<T> padded(Member member, T absent) const;

  std::size_t segments_;
  std::vector<std::string> series_, detectors_;
  std::size_t longest_ = 1;
  std::vector<Cell> cells_;  // [segment, series, detector]
};

}  // namespace tightrope
