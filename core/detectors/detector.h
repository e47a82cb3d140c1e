// SPDX-License-Identifier: Apache-2.0
// A change detector watches one number per sample and says when its law seems to have changed. The
// registered thing is a DetectorModel, a constant recipe; every detector it makes has a state of
// its own.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/registry/registry.h"

namespace tightrope {

// Ordered by severity.
enum class Verdict { kNone = 0, kWarning = 1, kDrift = 2 };

// What a detector says after a sample. `statistic` and `threshold` have the unit that the detector
// states; a drift always comes with a statistic beyond its threshold.
struct DetectorState {
  Verdict verdict = Verdict::kNone;
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
  // The next value as a whole number in [low, high]. Throws InputError when it is not one.
  std::int64_t whole(std::int64_t low, std::int64_t high);
  // Throws InputError when values are left over.
  void finish() const;

 private:
  std::span<const double> values_;
  std::size_t next_ = 0;
};

class Detector {
 public:
  virtual ~Detector() = default;

  // Takes the next sample. After a drift a detector starts anew at the next sample, unless its
  // options say otherwise; positions go on counting. Throws InputError naming the value when it is
  // not finite or outside the detector's domain, and then has changed nothing.
  DetectorState update(double x);

  // Back to the state of a fresh detector, position 0 included.
  void reset();

  // The whole state: load() of it into a detector of the same options continues bit for bit.
  std::vector<double> save() const;

  // Restores what save() gave. Throws InputError, and then has changed nothing, when `saved` is
  // not a state of a detector with these options.
  void load(std::span<const double> saved);

 protected:
  explicit Detector(bool starts_anew = true) : starts_anew_(starts_anew) {}

 private:
  // Throws InputError when finite `x` at `position` is outside the detector's domain.
  virtual void require(double x, std::int64_t position) const;
  virtual DetectorState accept(double x, std::int64_t position) = 0;
  virtual void clear() = 0;
  virtual void write(std::vector<double>& saved) const = 0;
  virtual void read(SavedState& saved, std::int64_t position) = 0;
  void read_all(std::span<const double> saved);

  bool starts_anew_;
  bool drifted_ = false;
  std::int64_t position_ = 0;  // of the next sample
};

class DetectorModel {
 public:
  virtual ~DetectorModel() = default;
  // A fresh detector, independent of every other one and of this model's lifetime.
  virtual std::unique_ptr<Detector> make() const = 0;
};

template <>
struct InterfaceName<DetectorModel> {
  static constexpr auto value = "detector";
};

}  // namespace tightrope
