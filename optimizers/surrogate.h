// SPDX-License-Identifier: Apache-2.0
// The loss of proximal policy optimization (arXiv 1707.06347, eq. 9) on given advantages. With w_t
// the normaliser's weight of a scored token (1 / scored tokens of the step for token_mean):
//
//   L = sum_t w_t [ ratio_t + c_v value_t - c_e H_t + b kl_t ]
//
// ratio_t of clipped_ratio.h, value_t of clipped_value.h, H_t the entropy of the law the token was
// drawn from, kl_t the estimator of kl_estimate.h on log pi - log reference.
#pragma once

#include <string>
#include <vector>

#include "core/api/optimizer.h"
#include "optimizers/clipped_ratio.h"
#include "optimizers/kl_estimate.h"
#include "optimizers/normaliser.h"

namespace tightrope {

struct PpoLossOptions {
  RatioClip ratio;
  bool critic = true;
  double value_clip = 0.2;  // >= 0; 0: no clipping
  double value_coefficient = 0.1;
  double entropy_coefficient = 0;
  double kl_coefficient = 0;  // b of the loss; 0 when the KL stands in the reward
  KlForm kl_form = KlForm::kK1;
  Normaliser normaliser = Normaliser::kTokenMean;
};

// The metrics of ppo_loss, "loss" first. policy_loss, value_loss and kl_loss are terms of L before
// their coefficients; entropy, ratio, clip_frac/* and approx_kl/* are means per scored token:
// approx_kl/kN is the estimator of KL(behaviour || policy), clip_frac/active counts tokens whose
// clipped branch is the larger one (TRL), low and high split it by side, outside counts ratios
// outside the range (CleanRL), dual tokens at the dual bound, value values clipped.
std::vector<std::string> ppo_loss_metrics();

// Optimizer::loss. Reads group.data.{behaviour_log_prob, advantage}; with a critic also
// {behaviour_value, target_return} and group.value; with coefficients > 0 group.entropy and
// reference_log_prob. Throws InputError naming the column that is missing.
void ppo_loss(const PpoLossOptions& options, const Group& group, const BatchTotals& totals,
              GroupGradient gradient, MetricSums& metrics);

}  // namespace tightrope
