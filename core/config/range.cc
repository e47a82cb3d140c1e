// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "core/base/strings.h"
#include "core/config/field_options.h"

namespace tightrope {

bool Range::contains(double value) const {
  if (std::isnan(value)) return false;
  const bool above = low_open ? value > low : value >= low;
  const bool below = high_open ? value < high : value <= high;
  return above && below;
}

std::string Range::text() const {
  const bool has_low = std::isfinite(low);
  const bool has_high = std::isfinite(high);
  if (has_low && has_high) {
    return fmt::format("in {}{}, {}{}", low_open ? "(" : "[", number_text(low), number_text(high),
                       high_open ? ")" : "]");
  }
  if (has_low) return fmt::format("{} {}", low_open ? ">" : ">=", number_text(low));
  if (has_high) return fmt::format("{} {}", high_open ? "<" : "<=", number_text(high));
  return "any";
}

Range any_number() { return {}; }
Range at_least(double low) { return {.low = low}; }
Range greater_than(double low) { return {.low = low, .low_open = true}; }
Range at_most(double high) { return {.high = high}; }
Range between(double low, double high) { return {.low = low, .high = high}; }
Range between_open(double low, double high) {
  return {.low = low, .high = high, .low_open = true, .high_open = true};
}
Range from_until(double low, double high) { return {.low = low, .high = high, .high_open = true}; }

}  // namespace tightrope
