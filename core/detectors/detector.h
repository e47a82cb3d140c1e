// SPDX-License-Identifier: Apache-2.0
// A change detector watches one number per sample and says when its law seems to have changed. The
// registered thing is a DetectorModel, a constant recipe; every detector it makes has a state of
// its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/registry/registry.h"

namespace tightrope {

// Ordered by severity.
enum class AlarmLevel { kNone = 0, kWarning = 1, kDrift = 2 };

// What a detector says after a sample. `statistic` and `threshold` have the unit that the detector
// states; a drift always comes with a statistic beyond its threshold.
struct DetectorState {
  AlarmLevel verdict = AlarmLevel::kNone;
  double statistic = 0;
  double threshold = 0;
  int direction = 0;              // of a drift: +1 the mean rose, -1 it fell; 0 without a drift
  std::int64_t change_time = -1;  // of a drift: 0-based position of the first sample after the
                                  // change, as estimated; -1 without one
};

// Reads back, in order, what a detector saved.
class SavedState {
 public:
  explicit SavedState(std::span<const double> values) : values_(values) {}
  // The next value. Throws InputError at the end.
  double number();
  // The next value as a number in [low, high]. Throws InputError when it is not one.
  double number(double low, double high);
  // The next value as a whole number in [low, high]. Throws InputError when it is not one.
  std::int64_t whole(std::int64_t low, std::int64_t high);
  // Throws InputError when values are left over.
  void finish() const;

 private:
  std::span<const double> values_;
  std::size_t next_ = 0;
};

// One stream's detector.
class Detector {
 public:
  virtual ~Detector() = default;

  // Takes the next sample. After a drift a detector starts anew at the next sample, unless its
  // options say otherwise; positions go on counting. Throws InputError naming the value when it is
  // not finite or outside the detector's domain, and then has changed nothing.
  virtual DetectorState update(double x) = 0;

  // Takes the samples in order and calls `alarm` with the position and what was said at every
  // warning or drift, maybe some samples later. The same states as update(), faster. Throws like
  // it, at the first bad sample.
  using Alarm = std::function<void(std::int64_t, const DetectorState&)>;
  virtual void scan(std::span<const double> x, const Alarm& alarm) = 0;

  // 0-based position of the next sample.
  virtual std::int64_t position() const = 0;

  // Back to the state of a fresh detector, position 0 included.
  virtual void reset() = 0;

  // The whole state: load() of it into a detector of the same options continues bit for bit.
  virtual std::vector<double> save() const = 0;

  // Restores what save() gave. Throws InputError, and then has changed nothing, when `saved` is
  // not a state of a detector with these options.
  virtual void load(std::span<const double> saved) = 0;
};

// Detectors of the same options over many streams, side by side in memory.
class DetectorBank {
 public:
  virtual ~DetectorBank() = default;
  virtual std::size_t size() const = 0;

  // x [N], states [N]: stream n takes x[n] and says states[n], as a Detector would. Throws
  // InputError for the first sample that a stream refuses; streams before it have moved.
  virtual void update(std::span<const double> x, std::span<DetectorState> states) = 0;

  virtual void reset() = 0;
  // Of one stream; a Detector of the same options reads it, and the other way round.
  virtual std::vector<double> save(std::size_t stream) const = 0;
  virtual void load(std::size_t stream, std::span<const double> saved) = 0;
};

class DetectorModel {
 public:
  virtual ~DetectorModel() = default;
  // A fresh detector, independent of every other one and of this model's lifetime.
  virtual std::unique_ptr<Detector> make() const = 0;
  // The same for `streams` streams.
  virtual std::unique_ptr<DetectorBank> make_bank(std::size_t streams) const = 0;
};

template <>
struct InterfaceName<DetectorModel> {
  static constexpr auto value = "detector";
};

}  // namespace tightrope
