// SPDX-License-Identifier: Apache-2.0
// What the two HDDM tests share: options, input and the verdict over both directions.
#pragma once

#include <limits>
#include <string>

#include "core/base/check.h"
#include "core/config/schema.h"
#include "core/detectors/detector.h"
#include "core/detectors/loss_input.h"

namespace tightrope::hddm {

struct Options {
  double drift_confidence = 0.001;
  double warning_confidence = 0.005;
  bool two_sided_test = false;
};

// How far the mean moved in one direction, and how far it must have; infinite without a test.
struct Shift {
  double gap = 0;
  double drift = std::numeric_limits<double>::infinity();
  double warning = std::numeric_limits<double>::infinity();

  bool drifts() const { return gap >= drift; }
  bool warns() const { return gap >= warning; }
};

// Without a verdict: statistic and threshold of the direction that is nearer to its threshold.
inline DetectorState show(const Shift& rise, const Shift& fall) {
  const bool up = rise.gap - rise.drift >= fall.gap - fall.drift;
  DetectorState state;
  state.statistic = up ? rise.gap : fall.gap;
  state.threshold = up ? rise.drift : fall.drift;
  return state;
}

// With a verdict, where falls are not looked for. The change time is left to the caller.
inline DetectorState judge(const Shift& rise) {
  DetectorState state;
  state.statistic = rise.gap;
  state.threshold = rise.drift;
  if (rise.warns()) [[unlikely]] {
    state.verdict = rise.drifts() ? AlarmLevel::kDrift : AlarmLevel::kWarning;
    state.direction = rise.drifts() ? 1 : 0;
  }
  return state;
}

// The same for both directions, where a rise goes before a fall.
inline DetectorState judge(const Shift& rise, const Shift& fall) {
  const bool up = rise.drifts();
  if (up || fall.drifts()) [[unlikely]] {
    DetectorState state = up ? show(rise, {}) : show({}, fall);
    state.verdict = AlarmLevel::kDrift;
    state.direction = up ? 1 : -1;
    return state;
  }
  DetectorState state = show(rise, fall);
  if (rise.warns() || fall.warns()) state.verdict = AlarmLevel::kWarning;
  return state;
}

// In MOA's dialect any sample >= 0 is taken: it has no bound to keep.
inline bool takes(bool moa, double x) {
  return x >= 0 && x <= (moa ? std::numeric_limits<double>::max() : 1.0);
}

[[noreturn]] inline void refuse(const char* detector, bool moa, double x, std::int64_t position) {
  refuse_loss(
      detector, x, position,
      moa ? "dialect moa takes numbers >= 0" : "its bound holds only in [0, 1] (1 = error)");
}

template <class Params>
void add_fields(Schema<Params>& s) {
  s.field("drift_confidence", &Params::drift_confidence,
          {.unit = "1",
           .range = between_open(0, 1),
           .help = "probability of a false drift at one test"});
  s.field("warning_confidence", &Params::warning_confidence,
          {.unit = "1",
           .range = between_open(0, 1),
           .help = "probability of a false warning at one test"});
  s.field("two_sided_test", &Params::two_sided_test,
          {.help = "look for falls of the mean too, not for rises alone"});
  s.check([](const Params& p) -> std::string {
    if (p.drift_confidence <= p.warning_confidence) return "";
    return fmt::format("warning_confidence = {} violates >= drift_confidence = {}",
                       p.warning_confidence, p.drift_confidence);
  });
}

}  // namespace tightrope::hddm
