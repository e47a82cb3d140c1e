// SPDX-License-Identifier: Apache-2.0
#include "analysis/detection/evaluation.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

double ratio(double part, double whole) { return whole == 0 ? kUndefined : part / whole; }

void require_valid(const ScoredStream& stream) {
  TR_REQUIRE(stream.length > 0, "a stream of {} samples", stream.length);
  std::int64_t last = -1;
  for (const DriftInterval& drift : stream.drifts) {
    TR_REQUIRE(drift.start <= drift.end, "drift {}-{}: ends before it starts", drift.start,
               drift.end);
    TR_REQUIRE(drift.start > last, "drift {}-{}: must start after {}, drifts ascend and lie apart",
               drift.start, drift.end, last);
    TR_REQUIRE(drift.end < stream.length, "drift {}-{}: ends outside of a stream of {} samples",
               drift.start, drift.end, stream.length);
    last = drift.end;
  }
  last = -1;
  for (const std::int64_t alarm : stream.alarms) {
    TR_REQUIRE(alarm > last && alarm < stream.length,
               "alarm {}: must be after {} and below the stream's length {}", alarm, last,
               stream.length);
    last = alarm;
  }
}

// Counts over streams; `scores` turns them into figures.
class Tally {
 public:
  Tally(std::int64_t tolerance, std::int64_t early) : tolerance_(tolerance), early_(early) {}
  void add(const ScoredStream& stream);
  DetectionScores scores();

 private:
  // The window of drift k, cut at the stream's ends; [first, last].
  DriftInterval window(const ScoredStream& stream, std::size_t k) const {
    return {std::max<std::int64_t>(0, stream.drifts[k].start - early_),
            stream.drifts[k].end + std::min(tolerance_, stream.length - 1 - stream.drifts[k].end)};
  }
  std::optional<std::size_t> window_of(const ScoredStream& stream, std::int64_t alarm) const;
  void add_false(const ScoredStream& stream, std::int64_t alarm);
  bool add_quiet(const ScoredStream& stream, std::int64_t begin, std::int64_t end);

  std::int64_t tolerance_, early_;
  DetectionScores sums_;
  std::vector<double> runs_, gaps_, delays_, clean_delays_;
  std::int64_t last_false_ = -1;  // of the stream at hand
};

// Windows may overlap: the earliest one that holds the alarm.
std::optional<std::size_t> Tally::window_of(const ScoredStream& stream, std::int64_t alarm) const {
  std::size_t low = 0, high = stream.drifts.size();  // the first window that ends at it or later
  while (low < high) {
    const std::size_t k = (low + high) / 2;
    if (window(stream, k).end < alarm) {
      low = k + 1;
    } else {
      high = k;
    }
  }
  if (low == stream.drifts.size() || window(stream, low).start > alarm) return std::nullopt;
  return low;
}

void Tally::add_false(const ScoredStream& stream, std::int64_t alarm) {
  ++sums_.false_alarms;
  if (last_false_ >= 0) gaps_.push_back(static_cast<double>(alarm - last_false_));
  last_false_ = alarm;
  if (stream.drifts.empty()) return;
  if (alarm < stream.drifts.front().start) ++sums_.before_first;
  if (alarm > stream.drifts.back().end) ++sums_.after_last;
}

// The runs of a stretch [begin, end) of quiet; whether it has no alarm.
bool Tally::add_quiet(const ScoredStream& stream, std::int64_t begin, std::int64_t end) {
  if (begin >= end) return true;
  sums_.arl0.quiet += end - begin;
  std::int64_t start = begin;
  auto alarm = std::ranges::lower_bound(stream.alarms, begin);
  for (; alarm != stream.alarms.end() && *alarm < end; ++alarm) {
    runs_.push_back(static_cast<double>(*alarm - start + 1));
    start = *alarm + 1;
  }
  return start == begin;
}

void Tally::add(const ScoredStream& stream) {
  require_valid(stream);
  ++sums_.streams;
  sums_.samples += stream.length;
  sums_.alarms += static_cast<std::int64_t>(stream.alarms.size());
  sums_.drifts += static_cast<std::int64_t>(stream.drifts.size());
  std::vector<std::optional<std::int64_t>> first(stream.drifts.size());
  last_false_ = -1;
  for (const std::int64_t alarm : stream.alarms) {
    const auto k = window_of(stream, alarm);
    if (!k) {
      add_false(stream, alarm);
      continue;
    }
    ++sums_.true_alarms;
    if (!first[*k]) first[*k] = alarm;
  }
  std::int64_t quiet = 0;  // where the stretch of quiet before the window begins
  for (std::size_t k = 0; k < stream.drifts.size(); ++k) {
    const DriftInterval w = window(stream, k);
    const bool clean = add_quiet(stream, quiet, w.start);
    quiet = std::max(quiet, w.end + 1);
    sums_.arl1_of += clean ? 1 : 0;
    if (!first[k]) continue;
    ++sums_.detected;
    delays_.push_back(static_cast<double>(*first[k] - stream.drifts[k].start));
    if (clean) clean_delays_.push_back(delays_.back());
  }
  add_quiet(stream, quiet, stream.length);
}

DetectionScores Tally::scores() {
  DetectionScores s = sums_;
  s.arl0.alarms = s.false_alarms;
  const auto quiet = static_cast<double>(s.arl0.quiet);
  s.arl0.mean = ratio(quiet, static_cast<double>(s.false_alarms));
  s.arl0.at_least = quiet > 0 ? least_exposure(s.false_alarms, quiet) : kUndefined;
  s.arl0.completed = mean_interval(runs_);
  s.arl1 = mean_interval(clean_delays_);
  s.mtfa = mean_interval(gaps_);
  s.mtd = mean_interval(delays_);
  const std::int64_t missed = s.drifts - s.detected;
  s.mdr = wilson_interval(missed, s.drifts);
  s.mtr = ratio(s.mtfa.mean, s.mtd.mean) * (1 - s.mdr.share);
  const auto hits = static_cast<double>(s.true_alarms);
  s.precision = ratio(hits, static_cast<double>(s.alarms));
  s.recall = s.drifts == 0 ? kUndefined : ratio(hits, hits + static_cast<double>(missed));
  s.episode_recall = ratio(static_cast<double>(s.detected), static_cast<double>(s.drifts));
  s.f1 =
      s.drifts == 0 ? kUndefined : ratio(2 * hits, hits + static_cast<double>(s.alarms + missed));
  s.normalised_delay = ratio(s.mtd.mean, static_cast<double>(tolerance_));
  s.false_per_thousand =
      1000 * static_cast<double>(s.false_alarms) / static_cast<double>(s.samples);
  return s;
}

}  // namespace

DetectionScores score_alarms(const std::vector<ScoredStream>& streams, std::int64_t tolerance,
                             std::int64_t early) {
  TR_REQUIRE(!streams.empty(), "there is no stream to score");
  TR_REQUIRE(tolerance >= 0 && early >= 0, "tolerance {} and early {}: must be >= 0", tolerance,
             early);
  Tally tally(tolerance, early);
  for (const ScoredStream& stream : streams) tally.add(stream);
  return tally.scores();
}

}  // namespace tightrope
