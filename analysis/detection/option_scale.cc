// SPDX-License-Identifier: Apache-2.0
#include "analysis/detection/option_scale.h"

#include <cmath>

#include "core/base/check.h"

namespace tightrope {

OptionScale::OptionScale(const FieldInfo& field, double start) : whole_(field.type == "integer") {
  const Range& range = field.options.range;
  if (!whole_ && range.low >= 0 && range.high <= 1 && start > 0 && start < 1) {
    form_ = Form::kOdds;
  } else if (range.low >= 0 && start > 0) {
    form_ = Form::kLogarithm;
  }
  step_ = form_ == Form::kPlain ? std::max(1.0, 0.25 * std::abs(start)) : std::log(2);
}

double OptionScale::to_scale(double value) const {
  if (form_ == Form::kOdds) return std::log(value) - std::log1p(-value);
  return form_ == Form::kLogarithm ? std::log(value) : value;
}

double OptionScale::to_value(double scaled) const {
  double value = scaled;
  if (form_ == Form::kOdds) value = 1 / (1 + std::exp(-scaled));
  if (form_ == Form::kLogarithm) value = std::exp(scaled);
  return whole_ ? std::round(value) : value;
}

}  // namespace tightrope
