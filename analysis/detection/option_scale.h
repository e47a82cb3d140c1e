// SPDX-License-Identifier: Apache-2.0
// Steps through the values of a numeric option: even ones on a scale that fits its range.
#pragma once

#include <string>

#include "core/config/field_options.h"

namespace tightrope {

// Within [0, 1] the log odds, from 0 on the logarithm, else the value itself.
class OptionScale {
 public:
  // Throws InputError unless the field is a number with a default that the scale can hold.
  OptionScale(const FieldInfo& field, double start);

  double to_scale(double value) const;
  // Rounded to a whole number where the option is one.
  double to_value(double scaled) const;
  bool whole() const { return whole_; }
  double step() const { return step_; }  // the first one

 private:
  enum class Form { kOdds, kLogarithm, kPlain };
  Form form_ = Form::kPlain;
  bool whole_ = false;
  double step_ = 0;
};

}  // namespace tightrope
