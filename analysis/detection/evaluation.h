// SPDX-License-Identifier: Apache-2.0
// How well alarms match the drifts that are known to be there. Positions are 0-based samples. Every
// drift [start, end] opens the window
//
//   [start - early, end + tolerance]    both ends included
//
// An alarm belongs to the earliest window that holds it and is then true, else it is false,
// wherever it stands: before the first drift, after the last, in a stream without any. The first
// alarm of a window detects the drift, with the delay alarm - start (negative within `early`). The
// rest of a stream, outside of all windows, is quiet. Windows as in river's draft of detector
// metrics; with them CapyMOA's published values come out too. Undefined figures are NaN.
#pragma once

#include <cstdint>
#include <vector>

#include "core/stats/counts.h"
#include "core/stats/interval.h"

namespace tightrope {

struct DriftInterval {
  std::int64_t start = 0, end = 0;  // start = end: at once
};

struct ScoredStream {
  std::int64_t length = 0;            // samples
  std::vector<DriftInterval> drifts;  // ascending and apart; none: a drift-free stream
  std::vector<std::int64_t> alarms;   // ascending
};

// Samples from one false alarm to the next while all is quiet. A run starts with its stretch of
// quiet or behind an alarm in it; the one that the stretch's end cuts off is censored.
struct RunLengths {
  std::int64_t alarms = 0;  // false ones
  std::int64_t quiet = 0;   // samples in all runs, the censored ones included
  double mean = 0;          // ARL0: quiet / alarms; NaN without an alarm
  double at_least = 0;      // 95 % lower bound on it, also without an alarm (least_exposure)
  Interval completed;       // of the runs that ended in an alarm: short where many are censored
};

struct DetectionScores {
  std::int64_t streams = 0, samples = 0;
  std::int64_t alarms = 0, true_alarms = 0, false_alarms = 0;
  std::int64_t before_first = 0, after_last = 0;  // false alarms, in streams with drifts
  std::int64_t drifts = 0, detected = 0;
  RunLengths arl0;
  Interval arl1;  // delay of the detected drifts whose stretch of quiet before them had no
                  // alarm: E[delay | no earlier alarm], up to the window's end
  std::int64_t arl1_of = 0;  // drifts with such a stretch, missed ones included
  Interval mtfa;  // gaps of consecutive false alarms of a stream: mean time between false alarms
  Interval mtd;   // delay of all detected drifts: mean time to detection
  ShareInterval mdr;          // drifts missed (Wilson)
  double mtr = 0;             // mtfa / mtd (1 - mdr)
  double precision = 0;       // true alarms among alarms
  double recall = 0;          // true alarms / (true alarms + missed drifts): a detector that alarms
                              // twice in a window gains by it
  double episode_recall = 0;  // detected / drifts
  double f1 = 0;              // harmonic mean of precision and recall
  double normalised_delay = 0;    // mtd / tolerance
  double false_per_thousand = 0;  // false alarms per 1000 samples
};

// Throws InputError naming what is wrong: positions out of order or outside of the stream, a
// negative tolerance or early, no stream.
DetectionScores score_alarms(const std::vector<ScoredStream>& streams, std::int64_t tolerance,
                             std::int64_t early = 0);

}  // namespace tightrope
