// SPDX-License-Identifier: Apache-2.0
#include "experiments/rollout_batch.h"

namespace tightrope {

TokenData RolloutBatch::data() const {
  return {.reference_log_prob = reference,
          .behaviour_log_prob = behaviour,
          .behaviour_value = value,
          .advantage = assessed.advantage,
          .target_return = assessed.target_return};
}

BatchTotals RolloutBatch::totals() const {
  BatchTotals out;
  for (int c = 0; c < tokens.cases(); ++c) {
    for (int n = tokens.group_begin[c]; n < tokens.group_begin[c + 1]; ++n) {
      const auto mask = std::span(tokens.mask).subspan(tokens.offset[n], tokens.length(n));
      out.add(mask, n == tokens.group_begin[c]);
    }
  }
  return out;
}

RolloutBatch assess_drawn(const Optimizer& optimizer, const Policy& policy,
                          std::span<const float> parameters, std::span<const float> reference,
                          DrawnCases drawn, std::span<double> state, MetricSums& metrics,
                          Workspace& workspace) {
  RolloutBatch out;
  out.tokens = std::move(drawn.tokens);
  TokenQuantities quantities;
  const Wanted wanted{.value = optimizer.wanted().value};
  policy.evaluate(parameters, out.tokens, wanted, quantities, workspace);
  out.behaviour = std::move(quantities.log_prob);
  if (wanted.value) out.value = std::move(quantities.value);
  if (optimizer.needs_reference()) {
    TokenQuantities frozen;
    policy.evaluate(reference, out.tokens, {}, frozen, workspace);
    out.reference = std::move(frozen.log_prob);
  }
  const Rollout rollout{.group_begin = out.tokens.group_begin,
                        .offset = out.tokens.offset,
                        .mask = out.tokens.mask,
                        .behaviour_log_prob = out.behaviour,
                        .behaviour_value = out.value,
                        .reference_log_prob = out.reference,
                        .score = drawn.score,
                        .greedy_score = drawn.greedy_score};
  optimizer.rollout()->assess(rollout, state, out.assessed, metrics);
  return out;
}

}  // namespace tightrope
