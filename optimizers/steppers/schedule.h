// SPDX-License-Identifier: Apache-2.0
// What all steppers share: learning-rate schedule, clipping, and the loop over parameter views.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/api/stepper.h"
#include "core/config/schema.h"

namespace tightrope {

// Options of every stepper.
struct StepperParams {
  double lr = 0.006;
  double weight_decay = 0;
  double max_grad_norm = 1;
  std::int64_t warmup = 0;
  std::string schedule = "constant";
  double final = 0.01;
};

// Factor of the learning rate at step i of n (from 0):
//   min(1, (i + 1) / warmup) * shape,  shape = 1 | f + (1 - f)(1 - i/n) | f + (1 - f)(1 + cos(pi
//   i/n))/2
// for constant, linear and cosine, with f = final.
double schedule_factor(const StepperParams& params, std::int64_t step, std::int64_t steps);

// min(1, max_norm / (norm + 1e-6)), PyTorch's clipping; 1 when max_norm is 0 (off).
double clip_factor(double norm, double max_norm);

// Norm, schedule and finiteness of a step; `finite` is false when the norm is not finite.
StepReport prepare_step(const StepperParams& params, std::span<const float> gradient,
                        std::int64_t step, std::int64_t steps);

// Calls update(offset, size, decay) for each view that is trained; an empty layout is one view that
// decays.
void for_each_view(const std::vector<ParameterView>& layout, std::size_t parameters,
                   const std::function<void(std::int64_t, std::int64_t, bool)>& update);

// Adds the shared fields in their order. Params derives from StepperParams.
template <class Params>
void add_stepper_fields(Schema<Params>& s, const std::string& decay_help) {
  s.field("lr", &Params::lr,
          {.unit = "1", .range = at_least(0), .help = "learning rate", .per_lane = true});
  s.field("weight_decay", &Params::weight_decay,
          {.unit = "1", .range = at_least(0), .help = decay_help, .per_lane = true});
  s.field("max_grad_norm", &Params::max_grad_norm,
          {.unit = "1",
           .range = at_least(0),
           .help = "largest norm of the whole gradient, 0 = no clipping",
           .per_lane = true});
  s.field("warmup", &Params::warmup,
          {.unit = "step",
           .range = at_least(0),
           .help = "steps over which the learning rate rises linearly from lr / warmup to lr",
           .per_lane = true});
  s.field("schedule", &Params::schedule,
          {.help = "shape of the learning rate over the stage",
           .choices = {"constant", "linear", "cosine"}});
  s.field("final", &Params::final,
          {.unit = "1",
           .range = between(0, 1),
           .help = "fraction of lr that a linear or cosine schedule ends at",
           .per_lane = true});
}

}  // namespace tightrope
