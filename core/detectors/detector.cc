// SPDX-License-Identifier: Apache-2.0
#include "core/detectors/detector.h"

#include <cmath>

#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 53;  // a double holds every count below

}  // namespace

double SavedState::number() {
  TR_REQUIRE(next_ < values_.size(), "detector state: only {} values, more are needed",
             values_.size());
  return values_[next_++];
}

std::int64_t SavedState::whole(std::int64_t low, std::int64_t high) {
  const double value = number();
  TR_REQUIRE(value >= static_cast<double>(low) && value <= static_cast<double>(high) &&
                 value == std::floor(value),
             "detector state: value {} is {}, not a whole number in [{}, {}]", next_ - 1, value,
             low, high);
  return static_cast<std::int64_t>(value);
}

void SavedState::finish() const {
  TR_REQUIRE(next_ == values_.size(), "detector state: {} values, only {} are expected",
             values_.size(), next_);
}

DetectorState Detector::update(double x) {
  TR_REQUIRE(std::isfinite(x), "detector input at position {} is {}: it must be finite", position_,
             x);
  require(x, position_);
  if (drifted_ && starts_anew_) clear();
  const DetectorState state = accept(x, position_);
  drifted_ = state.verdict == Verdict::kDrift;
  ++position_;
  return state;
}

void Detector::reset() {
  clear();
  drifted_ = false;
  position_ = 0;
}

std::vector<double> Detector::save() const {
  std::vector<double> saved{static_cast<double>(position_), drifted_ ? 1.0 : 0.0};
  write(saved);
  return saved;
}

void Detector::load(std::span<const double> saved) {
  const std::vector<double> before = save();
  try {
    read_all(saved);
  } catch (...) {
    read_all(before);
    throw;
  }
}

void Detector::read_all(std::span<const double> saved) {
  SavedState values(saved);
  position_ = values.whole(0, kLargest);
  drifted_ = values.whole(0, 1) == 1;
  read(values, position_);
  values.finish();
}

void Detector::require(double x, std::int64_t position) const {
  static_cast<void>(x);
  static_cast<void>(position);
}

}  // namespace tightrope
