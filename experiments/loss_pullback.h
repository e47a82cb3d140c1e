// SPDX-License-Identifier: Apache-2.0
// Joins an optimizer's loss to a policy's pass.
#pragma once

#include <vector>

#include "core/api/optimizer.h"
#include "core/api/policy.h"

namespace tightrope {

class LossPullback final : public Pullback {
 public:
  // `batch` is the whole step's; `source` [units] of its pairs, or empty.
  LossPullback(const Optimizer& optimizer, const TokenBatch& batch, const BatchTotals& totals,
               MetricSums& metrics, std::vector<std::uint8_t> source = {});

  // Computes the loss of the whole step here, from quantities without gradient, and then only hands
  // its gradients out: for batches with units of several cases, which a policy's pass may split.
  // `data` is the step's.
  void compute_ahead(const TokenData& data, const TokenQuantities& quantities);

  void operator()(const Group& group, GroupGradient gradient) override;

 private:
  const Optimizer& optimizer_;
  const TokenBatch& batch_;
  const BatchTotals& totals_;
  std::vector<std::int32_t> unit_trajectory_;  // [units + 1]
  std::vector<std::uint8_t> source_;
  std::vector<double> case_weight_;
  MetricSums& metrics_;
  bool ahead_ = false;
  TokenQuantities slopes_;  // of the whole step, once computed ahead
};

}  // namespace tightrope
