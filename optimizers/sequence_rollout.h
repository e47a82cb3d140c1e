// SPDX-License-Identifier: Apache-2.0
// From the scores of a rollout to advantages without a critic, for rules whose trajectories are
// judged as wholes (reinforce, rloo, grpo): shaped score, KL penalty, baseline, scale.
#pragma once

#include <string>
#include <vector>

#include "core/api/rollout.h"
#include "optimizers/group_advantage.h"
#include "optimizers/kl_estimate.h"
#include "optimizers/overlong.h"
#include "optimizers/whiten.h"

namespace tightrope {

// Where the KL to the reference is taken off.
enum class KlPlace {
  kLoss,      // not here
  kSequence,  // its sum from the trajectory's score, before the baseline
  kToken,     // from every token's reward: token t is credited with what follows it
};

struct SequenceRollout {
  GroupAdvantage advantage;
  Overlong overlong;
  KlPlace kl_place = KlPlace::kLoss;
  double kl_coefficient = 0;  // >= 0
  KlForm kl_form = KlForm::kK1;
  double exponent_clamp = 80;
  double gamma = 1;  // discount of the reward-to-go, read with kToken
  // A moving average of past rollouts' mean scores is the baseline (0 before the first): decay in
  // [0, 1); 0: off. Its state is {sum, weight}.
  double ema = 0;
  WhitenOptions whitening{.form = Whiten::kNone};  // over the tokens of the rollout
};

// Those of rollout_columns.h, and reward_std/group (mean over cases of their deviation, Bessel),
// frac_reward_zero_std (share of cases whose scores are all equal), advantage_std (over scored
// tokens), overlong (mean punishment); baseline/ema when there is one.
std::vector<std::string> sequence_rollout_metrics();

// RolloutRule::assess. `state` is {} without and {sum, weight} with a moving average.
void assess_sequences(const SequenceRollout& options, const Rollout& rollout,
                      std::span<double> state, Assessment& out, MetricSums& metrics);

}  // namespace tightrope
