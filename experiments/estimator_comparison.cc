// SPDX-License-Identifier: Apache-2.0
#include "experiments/estimator_comparison.h"

#include "core/base/hash.h"
#include "experiments/loss_pullback.h"
#include "experiments/stage_policy.h"

namespace tightrope {

EstimatorComparison::EstimatorComparison(const Comparison& comparison, const Stream& sampling)
    : comparison_(comparison),
      sampling_(sampling.child(hash64("compare"))),
      state_(comparison.optimizer->rollout()->initial_state()) {}

std::vector<float> EstimatorComparison::gradient(const ComparedStep& at, const Stream& sampling,
                                                 std::span<double> state) const {
  const Optimizer& optimizer = *comparison_.optimizer;
  const RolloutRule& rule = *optimizer.rollout();
  const DrawContext& draw = at.draw;
  MetricSums unused;
  RolloutBatch batch =
      assess_drawn(optimizer, draw.policy, draw.parameters, at.reference,
                   draw_and_score(draw, rule.plan(), at.laws, at.cases, sampling, at.step), state,
                   unused, draw.workspace);
  rule.prepare(batch.tokens.mask, batch.assessed.advantage);
  const BatchTotals totals = batch.totals();
  LossPullback pullback(optimizer, batch.tokens, totals, unused);
  std::vector<float> out(draw.parameters.size(), 0.0F);
  draw.policy.step(draw.parameters, batch.tokens, batch.data(), optimizer.wanted(), pullback, out,
                   draw.workspace);
  clear_frozen_views(at.layout, out);
  return out;
}

void EstimatorComparison::compare(const ComparedStep& at, std::span<const float> exact,
                                  MetricSums& metrics) {
  GradientSpread spread(exact);
  const std::vector<double> before = state_;
  for (int r = 0; r < comparison_.repeats; ++r) {
    std::vector<double> state = before;
    spread.add(gradient(at, sampling_.child(static_cast<std::uint64_t>(r)), state));
    if (r == 0) state_ = std::move(state);
  }
  spread.add_to(metrics);
}

}  // namespace tightrope
