// SPDX-License-Identifier: Apache-2.0
// Sets the gradients of an optimizer that samples beside the enumerated one.
#pragma once

#include <span>
#include <vector>

#include "experiments/gradient_spread.h"
#include "experiments/rollout_batch.h"

namespace tightrope {

// The cases and parameters at which gradients are compared.
struct ComparedStep {
  DrawContext draw;
  std::span<const float> reference;          // [P] frozen
  const std::vector<ParameterView>& layout;  // what is not trained has gradient 0
  const CaseLaws& laws;
  const Cases& cases;
  std::int64_t step = 0;
};

class EstimatorComparison {
 public:
  // `sampling` is the stream of the stage; the comparison draws from children of it only, so that
  // nothing else depends on it.
  EstimatorComparison(const Comparison& comparison, const Stream& sampling);

  bool due(std::int64_t step) const { return step % comparison_.every == 0; }
  // Draws `repeats` rollouts of the compared optimizer for the cases of `at`, takes the parameter
  // gradient of its first update of each, all minibatches in one, and adds GradientSpread's
  // metrics. What moves from rollout to rollout in its rule goes on by the first repeat. `exact`
  // [P] is the enumerated gradient of the loss.
  void compare(const ComparedStep& at, std::span<const float> exact, MetricSums& metrics);

  // The state of the compared rule: what a checkpoint keeps.
  const std::vector<double>& state() const { return state_; }
  void set_state(std::vector<double> state) { state_ = std::move(state); }

 private:
  std::vector<float> gradient(const ComparedStep& at, const Stream& sampling,
                              std::span<double> state) const;

  const Comparison& comparison_;
  Stream sampling_;
  std::vector<double> state_;
};

}  // namespace tightrope
