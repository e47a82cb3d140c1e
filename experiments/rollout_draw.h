// SPDX-License-Identifier: Apache-2.0
// Cases with the trajectories that a policy drew for them, or with all there are, scored by the
// stage's reward model.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/api/rollout.h"
#include "experiments/training_set.h"

namespace tightrope {

struct DrawnCases {
  TokenBatch tokens;                 // B cases of `samples` trajectories, or all, each
  std::vector<double> score;         // [N]
  std::vector<double> greedy_score;  // [B] when the plan asks for it

  // Whether the trajectories of case b differ in their scores.
  bool has_spread(int b) const;
  // Appends case b of another draw.
  void append(const DrawnCases& from, int b);
};

// What a draw needs besides the cases.
struct DrawContext {
  const Stage& stage;
  const World& world;
  const Policy& policy;
  std::span<const float> parameters;
  std::span<const double> fitted;  // of the reward model
  Workspace& workspace;
};

// plan.samples trajectories of every case at temperature 1: the law that is sampled is the law that
// is trained. Trajectory g of case b draws from sampling.at(step, b x samples + g). Where the plan
// enumerates, all complete trajectories instead; throws InputError when they are too many.
DrawnCases draw_and_score(const DrawContext& context, const RolloutPlan& plan, const CaseLaws& laws,
                          const Cases& cases, const Stream& sampling, std::int64_t step);

}  // namespace tightrope
