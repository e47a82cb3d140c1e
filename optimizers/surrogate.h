// SPDX-License-Identifier: Apache-2.0
// The loss of every rule that learns from sampled trajectories with given advantages (ppo, grpo,
// rloo, reinforce). With w_t the normaliser's weight of a scored token:
//
//   L = sum_t w_t [ policy_t + c_v value_t - c_e H_t + b kl_t ]
//
//   policy_t  clip      clipped_ratio.h (arXiv 1707.06347, eq. 7)
//             truncate  -stop(min(rho, cap)) A log pi_t      CISPO (arXiv 2506.13585)
//             score     -A log pi_t                          REINFORCE
//   rho       token          exp(log pi_t - log behaviour_t)
//             sequence_mean  exp of its mean over the trajectory: GSPO (arXiv 2507.18071)
//             sequence_sum   exp of its sum over the trajectory: RLOO; counts once a trajectory
//             (with a ratio of the trajectory, A is its tokens' mean)
//   value_t of clipped_value.h, H_t the entropy of the law that token t was drawn from, kl_t of
//   kl_estimate.h on log pi - log reference; with kl_correction times exp(log pi - log behaviour),
//   whose expected gradient is that of KL(pi || reference) whatever the estimator
#pragma once

#include <string>
#include <vector>

#include "core/api/optimizer.h"
#include "optimizers/clipped_ratio.h"
#include "optimizers/kl_estimate.h"
#include "optimizers/normaliser.h"

namespace tightrope {

enum class PolicyTerm { kClip, kTruncate, kScore };
enum class RatioLevel { kToken, kSequenceMean, kSequenceSum };

struct SurrogateOptions {
  PolicyTerm term = PolicyTerm::kClip;
  RatioLevel level = RatioLevel::kToken;
  RatioClip ratio;
  double cap = 5;  // of kTruncate, > 0
  bool critic = false;
  double value_clip = 0.2;  // >= 0; 0: no clipping
  double value_coefficient = 0.1;
  double entropy_coefficient = 0;
  double kl_coefficient = 0;  // b of the loss; 0 when the KL stands in the reward
  KlForm kl_form = KlForm::kK1;
  bool kl_correction = false;
  Normaliser normaliser = Normaliser::kTokenMean;
  double fixed_length = 0;  // of Normaliser::kConstant
};

// The metrics of surrogate_loss, "loss" first. policy_loss, value_loss and kl_loss are terms of L
// before their coefficients; entropy, ratio, clip_frac/* and approx_kl/* are means per scored
// token: approx_kl/kN is the estimator of KL(behaviour || policy), clip_frac/active counts tokens
// whose clipped branch is the larger one (TRL), low and high split it by side, outside counts
// ratios outside the range (CleanRL), dual tokens at the dual bound, capped ratios at the cap,
// value values clipped. kScore has no ratio.
std::vector<std::string> surrogate_metrics();

// Optimizer::loss. Reads group.data.advantage, and but for kScore behaviour_log_prob; with a critic
// also {behaviour_value, target_return} and group.value; with coefficients > 0 group.entropy and
// reference_log_prob. Throws InputError naming the column that is missing.
void surrogate_loss(const SurrogateOptions& options, const Group& group, const BatchTotals& totals,
                    GroupGradient gradient, MetricSums& metrics);

}  // namespace tightrope
