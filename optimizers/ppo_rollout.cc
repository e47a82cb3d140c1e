// SPDX-License-Identifier: Apache-2.0
#include "optimizers/ppo_rollout.h"

#include <cmath>
#include <numeric>

#include "core/base/check.h"
#include "optimizers/token_reward.h"

namespace tightrope {
namespace {

// Token columns of a rollout before the advantages.
struct Columns {
  std::vector<double> kl;      // [M]; empty without a reference
  std::vector<double> reward;  // [M]
};

void check_rollout(const Rollout& rollout) {
  const std::size_t tokens = rollout.mask.size();
  const auto fits = [&](std::span<const double> column) {
    return column.empty() || column.size() == tokens;
  };
  TR_CHECK(rollout.offset.back() == static_cast<std::int32_t>(tokens) &&
               rollout.behaviour_log_prob.size() == tokens && fits(rollout.behaviour_value) &&
               fits(rollout.reference_log_prob) &&
               rollout.score.size() == static_cast<std::size_t>(rollout.trajectories()),
           "columns of {} trajectories, {} tokens", rollout.trajectories(), tokens);
}

Columns columns_of(const PpoRolloutOptions& options, const Rollout& rollout, double coefficient) {
  Columns out;
  if (!rollout.reference_log_prob.empty()) {
    out.kl.assign(rollout.mask.size(), 0.0);
    for (std::size_t t = 0; t < out.kl.size(); ++t) {
      if (rollout.mask[t] == 0) continue;
      const double ratio = rollout.behaviour_log_prob[t] - rollout.reference_log_prob[t];
      out.kl[t] = kl_estimate(options.kl_form, ratio, options.exponent_clamp).value;
    }
  }
  out.reward.assign(rollout.mask.size(), 0.0);
  const std::span<const double> all_kl =
      options.kl_in_reward ? std::span<const double>(out.kl) : std::span<const double>();
  for (int n = 0; n < rollout.trajectories(); ++n) {
    const std::size_t begin = rollout.offset[n];
    const std::size_t size = rollout.offset[n + 1] - rollout.offset[n];
    token_rewards(rollout.mask.subspan(begin, size),
                  all_kl.empty() ? all_kl : all_kl.subspan(begin, size), coefficient,
                  rollout.score[n], std::span(out.reward).subspan(begin, size));
  }
  return out;
}

// Sum and sum of squared deviations of the scored entries.
struct Spread {
  double count = 0, mean = 0, squares = 0;
};

template <class Value>
Spread spread(std::span<const std::uint8_t> mask, Value value) {
  Spread out;
  for (std::size_t t = 0; t < mask.size(); ++t) {
    if (mask[t] == 0) continue;
    out.count += 1;
    out.mean += value(t);
  }
  if (out.count > 0) out.mean /= out.count;
  for (std::size_t t = 0; t < mask.size(); ++t) {
    if (mask[t] != 0) out.squares += (value(t) - out.mean) * (value(t) - out.mean);
  }
  return out;
}

double sum_scored(std::span<const std::uint8_t> mask, std::span<const double> column) {
  double sum = 0;
  for (std::size_t t = 0; t < column.size(); ++t) sum += mask[t] != 0 ? column[t] : 0;
  return sum;
}

void add_metrics(const Rollout& rollout, const Columns& columns, double penalty, double coefficient,
                 const Assessment& assessed, MetricSums& metrics) {
  const double count = rollout.trajectories();
  const auto per_trajectory = [&](const char* name, double sum) {
    metrics[name].sum += sum;
    metrics[name].count += count;
  };
  const double score = std::accumulate(rollout.score.begin(), rollout.score.end(), 0.0);
  per_trajectory("reward", score);
  per_trajectory("reward_with_kl", score - penalty);
  if (!columns.kl.empty()) {
    per_trajectory("kl_to_reference", sum_scored(rollout.mask, columns.kl));
  }
  metrics["kl_coefficient"] = {coefficient, 1};
  per_trajectory("logps/behaviour", sum_scored(rollout.mask, rollout.behaviour_log_prob));
  const std::vector<std::uint8_t> every(rollout.score.size(), 1);
  const Spread scores = spread(every, [&](std::size_t n) { return rollout.score[n]; });
  metrics["reward_std"] = {count > 1 ? std::sqrt(scores.squares / (count - 1)) : 0, 1};
  const Spread returns =
      spread(rollout.mask, [&](std::size_t t) { return assessed.target_return[t]; });
  per_trajectory("length", returns.count);
  metrics["return"] = {returns.mean, 1};
  if (!rollout.behaviour_value.empty() && returns.squares > 0) {
    const Spread errors = spread(rollout.mask, [&](std::size_t t) {
      return assessed.target_return[t] - rollout.behaviour_value[t];
    });
    metrics["explained_variance"] = {1 - errors.squares / returns.squares, 1};
  }
}

}  // namespace

std::vector<std::string> ppo_rollout_metrics() {
  return {"reward",          "reward_std", "reward_with_kl", "kl_to_reference",   "kl_coefficient",
          "logps/behaviour", "length",     "return",         "explained_variance"};
}

void assess_rollout(const PpoRolloutOptions& options, const Rollout& rollout, double& coefficient,
                    Assessment& out, MetricSums& metrics) {
  check_rollout(rollout);
  Columns columns = columns_of(options, rollout, coefficient);
  const double penalty =
      options.kl_in_reward ? coefficient * sum_scored(rollout.mask, columns.kl) : 0.0;
  if (options.whiten_rewards) whiten(options.reward_whitening, rollout.mask, columns.reward);
  out.advantage.assign(rollout.mask.size(), 0.0);
  out.target_return.assign(rollout.mask.size(), 0.0);
  for (int n = 0; n < rollout.trajectories(); ++n) {
    const std::size_t begin = rollout.offset[n];
    const std::size_t size = rollout.offset[n + 1] - rollout.offset[n];
    const std::span<const double> value = rollout.behaviour_value.empty()
                                              ? rollout.behaviour_value
                                              : rollout.behaviour_value.subspan(begin, size);
    // The grammar ends every sampled trajectory, so nothing is ever truncated here.
    generalised_advantage(options.gae, rollout.mask.subspan(begin, size),
                          std::span(columns.reward).subspan(begin, size), value, Cut::kTerminal, 0,
                          std::span(out.advantage).subspan(begin, size),
                          std::span(out.target_return).subspan(begin, size));
  }
  add_metrics(rollout, columns, penalty, coefficient, out, metrics);
  whiten(options.whitening, rollout.mask, out.advantage);
  if (options.adaptive) {
    TR_CHECK(!columns.kl.empty(), "an adaptive coefficient needs the reference");
    const double count = rollout.trajectories();
    coefficient = adapted_coefficient(options.controller, coefficient,
                                      sum_scored(rollout.mask, columns.kl) / count, count);
  }
}

}  // namespace tightrope
