// SPDX-License-Identifier: Apache-2.0
// Joins an optimizer's loss to a policy's pass.
#pragma once

#include <vector>

#include "core/api/optimizer.h"
#include "core/api/token_batch.h"

namespace tightrope {

class LossPullback final : public Pullback {
 public:
  // `batch` is the whole step's.
  LossPullback(const Optimizer& optimizer, const TokenBatch& batch, const BatchTotals& totals,
               MetricSums& metrics)
      : optimizer_(optimizer),
        totals_(totals),
        case_weight_(optimizer.case_weights({batch.group_begin, batch.offset, batch.mask})),
        metrics_(metrics) {}

  void operator()(const Group& group, GroupGradient gradient) override {
    Group weighted = group;
    if (!case_weight_.empty()) {
      weighted.case_weight = std::span(case_weight_).subspan(group.first_case, group.cases());
    }
    optimizer_.loss(weighted, totals_, gradient, metrics_);
  }

 private:
  const Optimizer& optimizer_;
  const BatchTotals& totals_;
  std::vector<double> case_weight_;
  MetricSums& metrics_;
};

}  // namespace tightrope
