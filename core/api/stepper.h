// SPDX-License-Identifier: Apache-2.0
// A stepper turns one lane's parameter gradient [P] into new parameters, on flat buffers.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/api/policy.h"
#include "core/registry/registry.h"

namespace tightrope {

struct StepReport {
  double gradient_norm = 0;  // before clipping, float64
  double learning_rate = 0;  // after the schedule
  bool finite = true;        // false: parameters were left unchanged
};

class Stepper {
 public:
  virtual ~Stepper() = default;
  // Floats of state per parameter buffer (Adam: 2 P).
  virtual std::int64_t state_size(std::int64_t parameters) const = 0;
  // Step `step` of `steps` (from 0). `layout` says which views decay and which are trained. Clips
  // the norm of the whole gradient of this lane (which is 0 where nothing is trained), then updates
  // the trained views.
  virtual StepReport update(std::span<float> parameters, std::span<const float> gradient,
                            std::span<float> state, std::int64_t step, std::int64_t steps,
                            const std::vector<ParameterView>& layout) const = 0;
};

template <>
struct InterfaceName<Stepper> {
  static constexpr auto value = "stepper";
};

}  // namespace tightrope
