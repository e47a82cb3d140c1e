// SPDX-License-Identifier: Apache-2.0
#include "core/detectors/detector.h"

#include <cmath>

#include "core/base/check.h"
#include "core/detectors/rule.h"

namespace tightrope {
double SavedState::number() {
  TR_REQUIRE(next_ < values_.size(), "detector state: only {} values, more are needed",
             values_.size());
  return values_[next_++];
}

double SavedState::number(double low, double high) {
  const double value = number();
  TR_REQUIRE(value >= low && value <= high, "detector state: value {} is {}, not in [{}, {}]",
             next_ - 1, value, low, high);
  return value;
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

namespace internal {

void refuse_sample(double x, std::int64_t position) {
  throw InputError(fmt::format("detector input at position {} is {}: it must be {}", position, x,
                               std::isfinite(x) ? "within +-1e150" : "finite"));
}

}  // namespace internal

}  // namespace tightrope
