// SPDX-License-Identifier: Apache-2.0
#include "optimizers/sequence_rollout.h"

#include "core/base/check.h"
#include "optimizers/gae.h"
#include "optimizers/rollout_columns.h"
#include "optimizers/token_reward.h"

namespace tightrope {
namespace {

double scored_length(std::span<const std::uint8_t> mask) {
  double length = 0;
  for (const std::uint8_t m : mask) length += m;
  return length;
}

// Advantages of whole trajectories on their tokens: the same at each, or with a KL penalty per
// token the discounted sum of what follows.
void spread_over_tokens(const SequenceRollout& options, const Rollout& rollout,
                        std::span<const double> kl, std::span<const double> advantage,
                        Assessment& out) {
  std::vector<double> reward(rollout.mask.size(), 0.0);
  for (int n = 0; n < rollout.trajectories(); ++n) {
    const auto mask = trajectory_part(rollout, rollout.mask, n);
    const auto to = trajectory_part(rollout, std::span(out.advantage), n);
    if (options.kl_place != KlPlace::kToken) {
      for (std::size_t t = 0; t < mask.size(); ++t) to[t] = mask[t] != 0 ? advantage[n] : 0.0;
      continue;
    }
    const auto rewards = trajectory_part(rollout, std::span(reward), n);
    token_rewards(mask, kl.empty() ? kl : trajectory_part(rollout, kl, n), options.kl_coefficient,
                  advantage[n], rewards);
    generalised_advantage({options.gamma, 1}, mask, rewards, {}, Cut::kTerminal, 0, to,
                          trajectory_part(rollout, std::span(out.target_return), n));
  }
}

// Takes the moving average off and moves it on.
void apply_average(const SequenceRollout& options, std::span<double> state, double mean,
                   std::vector<double>& advantage, MetricSums& metrics) {
  if (options.ema <= 0) return;
  TR_CHECK(state.size() == 2, "{} numbers of state", state.size());
  const double baseline = state[1] > 0 ? state[0] / state[1] : 0;
  for (double& a : advantage) a -= baseline;
  metrics["baseline/ema"] = {baseline, 1};
  state[0] = options.ema * state[0] + (1 - options.ema) * mean;
  state[1] = options.ema * state[1] + (1 - options.ema);
}

void add_group_metrics(const Rollout& rollout, MetricSums& metrics) {
  double deviation = 0;
  for (int c = 0; c < rollout.cases(); ++c) {
    const std::int32_t begin = rollout.group_begin[c];
    deviation +=
        spread(rollout.score.subspan(begin, rollout.group_begin[c + 1] - begin)).deviation();
  }
  const double cases = rollout.cases();
  metrics["reward_std/group"] = {deviation, cases};
  metrics["frac_reward_zero_std"] = {
      static_cast<double>(groups_without_spread(rollout.group_begin, rollout.score)), cases};
}

}  // namespace

std::vector<std::string> sequence_rollout_metrics() {
  std::vector<std::string> names = rollout_metrics();
  for (const char* name :
       {"reward_std/group", "frac_reward_zero_std", "advantage_std", "overlong", "baseline/ema"}) {
    names.push_back(name);
  }
  return names;
}

void assess_sequences(const SequenceRollout& options, const Rollout& rollout,
                      std::span<double> state, Assessment& out, MetricSums& metrics) {
  check_rollout(rollout);
  const std::vector<double> kl = kl_column(rollout, options.kl_form, options.exponent_clamp);
  std::vector<double> score(rollout.score.begin(), rollout.score.end());
  double punished = 0;
  for (int n = 0; n < rollout.trajectories(); ++n) {
    const auto mask = trajectory_part(rollout, rollout.mask, n);
    const double penalty = overlong_penalty(options.overlong, scored_length(mask));
    punished += penalty;
    score[n] += penalty;
    if (options.kl_place == KlPlace::kSequence && !kl.empty()) {
      score[n] -= options.kl_coefficient *
                  sum_where(mask, trajectory_part(rollout, std::span<const double>(kl), n));
    }
  }
  std::vector<double> advantage =
      group_advantage(options.advantage, rollout.group_begin, score, rollout.greedy_score);
  apply_average(options, state, spread(score).mean, advantage, metrics);
  out.advantage.assign(rollout.mask.size(), 0.0);
  out.target_return.assign(rollout.mask.size(), 0.0);
  spread_over_tokens(options, rollout, kl, advantage, out);
  whiten(options.whitening, rollout.mask, out.advantage);

  const double penalty =
      options.kl_place == KlPlace::kLoss ? 0 : options.kl_coefficient * sum_where(rollout.mask, kl);
  add_rollout_metrics(rollout, kl, penalty, metrics);
  add_group_metrics(rollout, metrics);
  metrics["advantage_std"] = {spread(rollout.mask, out.advantage).deviation(), 1};
  metrics["overlong"] = {punished, static_cast<double>(rollout.trajectories())};
}

}  // namespace tightrope
