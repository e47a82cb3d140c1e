// SPDX-License-Identifier: Apache-2.0
#include "optimizers/ppo_rollout.h"

#include "core/base/check.h"
#include "optimizers/rollout_columns.h"
#include "optimizers/token_reward.h"

namespace tightrope {
namespace {

// The reward of every token [M]: the KL penalty at each, the score at the last.
std::vector<double> reward_column(const PpoRolloutOptions& options, const Rollout& rollout,
                                  std::span<const double> kl, double coefficient) {
  std::vector<double> out(rollout.mask.size(), 0.0);
  const bool penalised = options.kl_in_reward && !kl.empty();
  for (int n = 0; n < rollout.trajectories(); ++n) {
    token_rewards(trajectory_part(rollout, rollout.mask, n),
                  penalised ? trajectory_part(rollout, kl, n) : std::span<const double>(),
                  coefficient, rollout.score[n], trajectory_part(rollout, std::span(out), n));
  }
  return out;
}

void add_return_metrics(const Rollout& rollout, const Assessment& assessed, MetricSums& metrics) {
  const Spread returns = spread(rollout.mask, assessed.target_return);
  metrics["return"] = {returns.mean, 1};
  if (rollout.behaviour_value.empty() || returns.squares <= 0) return;
  std::vector<double> error(rollout.mask.size(), 0.0);
  for (std::size_t t = 0; t < error.size(); ++t) {
    if (rollout.mask[t] != 0) error[t] = assessed.target_return[t] - rollout.behaviour_value[t];
  }
  metrics["explained_variance"] = {1 - spread(rollout.mask, error).squares / returns.squares, 1};
}

}  // namespace

std::vector<std::string> ppo_rollout_metrics() {
  std::vector<std::string> names = rollout_metrics();
  for (const char* name : {"kl_coefficient", "return", "explained_variance"}) names.push_back(name);
  return names;
}

void assess_rollout(const PpoRolloutOptions& options, const Rollout& rollout, double& coefficient,
                    Assessment& out, MetricSums& metrics) {
  check_rollout(rollout);
  const std::vector<double> kl = kl_column(rollout, options.kl_form, options.exponent_clamp);
  std::vector<double> reward = reward_column(options, rollout, kl, coefficient);
  if (options.whiten_rewards) whiten(options.reward_whitening, rollout.mask, reward);
  out.advantage.assign(rollout.mask.size(), 0.0);
  out.target_return.assign(rollout.mask.size(), 0.0);
  for (int n = 0; n < rollout.trajectories(); ++n) {
    const std::span<const double> value = rollout.behaviour_value;
    // The grammar ends every sampled trajectory, so nothing is ever truncated here.
    generalised_advantage(options.gae, trajectory_part(rollout, rollout.mask, n),
                          trajectory_part(rollout, std::span<const double>(reward), n),
                          value.empty() ? value : trajectory_part(rollout, value, n),
                          Cut::kTerminal, 0, trajectory_part(rollout, std::span(out.advantage), n),
                          trajectory_part(rollout, std::span(out.target_return), n));
  }
  const double total_kl = sum_where(rollout.mask, kl);
  add_rollout_metrics(rollout, kl, options.kl_in_reward ? coefficient * total_kl : 0.0, metrics);
  metrics["kl_coefficient"] = {coefficient, 1};
  add_return_metrics(rollout, out, metrics);
  whiten(options.whitening, rollout.mask, out.advantage);
  if (options.adaptive) {
    TR_CHECK(!kl.empty(), "an adaptive coefficient needs the reference");
    const double count = rollout.trajectories();
    coefficient = adapted_coefficient(options.controller, coefficient, total_kl / count, count);
  }
}

}  // namespace tightrope
