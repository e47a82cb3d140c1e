// SPDX-License-Identifier: Apache-2.0
// What grpo, rloo and reinforce share: a surrogate loss on trajectories that are judged as wholes.
// A rule of this kind sets the members in its constructor.
#pragma once

#include "optimizers/sequence_rollout.h"
#include "optimizers/surrogate.h"

namespace tightrope {

class SampledRule : public Optimizer, public RolloutRule {
 public:
  TrajectoryKind trajectories() const final { return TrajectoryKind::kRollout; }
  bool needs_reference() const final {
    return loss_.kl_coefficient > 0 || rollout_.kl_coefficient > 0;
  }
  Wanted wanted() const final { return {.entropy = loss_.entropy_coefficient > 0}; }
  const RolloutRule* rollout() const final { return this; }
  std::vector<std::string> metrics() const final {
    std::vector<std::string> names = surrogate_metrics();
    for (const std::string& name : sequence_rollout_metrics()) names.push_back(name);
    return names;
  }
  void loss(const Group& group, const BatchTotals& totals, GroupGradient gradient,
            MetricSums& metrics) const final {
    surrogate_loss(loss_, group, totals, gradient, metrics);
  }

  RolloutPlan plan() const final { return plan_; }
  // The moving average's, where there is one.
  std::vector<double> initial_state() const final {
    return rollout_.ema > 0 ? std::vector<double>{0, 0} : std::vector<double>{};
  }
  void assess(const Rollout& rollout, std::span<double> state, Assessment& out,
              MetricSums& metrics) const final {
    assess_sequences(rollout_, rollout, state, out, metrics);
  }

 protected:
  SurrogateOptions loss_;
  SequenceRollout rollout_;
  RolloutPlan plan_;
};

}  // namespace tightrope
