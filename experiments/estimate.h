// SPDX-License-Identifier: Apache-2.0
// What a plan will cost, before anything runs.
#pragma once

#include <cstdint>

#include "experiments/plan.h"

namespace tightrope {

struct Estimate {
  std::int64_t lane_steps = 0;
  double seconds = 0;    // a little of each kind of segment, timed here, scaled to the plan
  double megabytes = 0;  // of logs, from the layout
  int threads = 1;
};

Estimate estimate_cost(const Plan& plan);

}  // namespace tightrope
