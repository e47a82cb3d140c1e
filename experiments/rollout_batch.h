// SPDX-License-Identifier: Apache-2.0
// Drawn trajectories with everything known of their tokens: what updates are made from.
#pragma once

#include <span>
#include <vector>

#include "core/api/rollout.h"
#include "experiments/rollout_draw.h"

namespace tightrope {

struct RolloutBatch {
  TokenBatch tokens;
  std::vector<double> behaviour, value, reference;  // [M]; the last two empty unless needed
  Assessment assessed;                              // [M]

  TokenData data() const;
  BatchTotals totals() const;
};

// Evaluates the trajectories under `parameters` (behaviour log-probs by the pass that updates use,
// so that the first ratio is exactly 1) and, where the optimizer needs it, under `reference`, and
// lets its rule assess them: `state` moves on, metrics are added. Draws nothing.
RolloutBatch assess_drawn(const Optimizer& optimizer, const Policy& policy,
                          std::span<const float> parameters, std::span<const float> reference,
                          DrawnCases drawn, std::span<double> state, MetricSums& metrics,
                          Workspace& workspace);

}  // namespace tightrope
