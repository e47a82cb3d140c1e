// SPDX-License-Identifier: Apache-2.0
// The Adam update with coupled or decoupled weight decay, shared by adam.cc and adamw.cc.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "optimizers/steppers/schedule.h"

namespace tightrope {

struct AdamParams : StepperParams {
  std::vector<double> betas = {0.9, 0.98};
  double eps = 1e-8;
};

// The fields of both; Params is AdamParams or derives from it.
template <class Params>
Schema<Params> adam_fields(const std::string& decay_help) {
  Schema<Params> s;
  add_stepper_fields(s, decay_help);
  s.field("betas", &Params::betas,
          {.unit = "1",
           .range = from_until(0, 1),
           .help = "decay rates of the running means of the gradient and of its square",
           .per_lane = true});
  s.field("eps", &Params::eps,
          {.unit = "1",
           .range = greater_than(0),
           .help = "added to the root of the bias-corrected second moment",
           .per_lane = true});
  s.check([](const Params& params) {
    return params.betas.size() == 2 ? std::string() : "betas needs exactly two numbers";
  });
  return s;
}

// One step. `state` holds m, then v. Nothing changes when the gradient is not finite.
StepReport adam_step(const AdamParams& params, bool decoupled, std::span<float> parameters,
                     std::span<const float> gradient, std::span<float> state, std::int64_t step,
                     std::int64_t steps, const std::vector<ParameterView>& layout);

}  // namespace tightrope
