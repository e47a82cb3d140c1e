// SPDX-License-Identifier: Apache-2.0
// Joins an optimizer's loss to a policy's pass.
#pragma once

#include "core/api/optimizer.h"

namespace tightrope {

class LossPullback final : public Pullback {
 public:
  LossPullback(const Optimizer& optimizer, const BatchTotals& totals, MetricSums& metrics)
      : optimizer_(optimizer), totals_(totals), metrics_(metrics) {}
  void operator()(const Group& group, GroupGradient gradient) override {
    optimizer_.loss(group, totals_, gradient, metrics_);
  }

 private:
  const Optimizer& optimizer_;
  const BatchTotals& totals_;
  MetricSums& metrics_;
};

}  // namespace tightrope
