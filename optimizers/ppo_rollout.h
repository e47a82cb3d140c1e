// SPDX-License-Identifier: Apache-2.0
// From the scores of a rollout to advantages and returns, as TRL's ppo_trainer.py does: KL penalty
// per token and score at the last one, optional reward whitening, GAE, whitening over the batch.
#pragma once

#include "core/api/rollout.h"
#include "optimizers/gae.h"
#include "optimizers/kl_controller.h"
#include "optimizers/kl_estimate.h"
#include "optimizers/whiten.h"

namespace tightrope {

struct PpoRolloutOptions {
  GaeOptions gae;
  bool kl_in_reward = true;
  KlForm kl_form = KlForm::kK1;
  bool adaptive = false;  // the coefficient follows `controller`
  KlController controller;
  double exponent_clamp = 80;  // of k3
  bool whiten_rewards = false;
  WhitenOptions reward_whitening;  // scale only
  WhitenOptions whitening;         // of advantages, over the whole rollout
};

// Those of rollout_columns.h (without a penalty when the KL stands in the loss), kl_coefficient (of
// this rollout), return (per token), explained_variance = 1 - Var(return - value) / Var(return)
// over tokens; not there without a critic or when Var(return) = 0.
std::vector<std::string> ppo_rollout_metrics();

// RolloutRule::assess. `coefficient` is the KL coefficient and is moved on when adaptive.
void assess_rollout(const PpoRolloutOptions& options, const Rollout& rollout, double& coefficient,
                    Assessment& out, MetricSums& metrics);

}  // namespace tightrope
