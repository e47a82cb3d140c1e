// SPDX-License-Identifier: Apache-2.0
#include "optimizers/rollout_columns.h"

#include <cmath>
#include <numeric>

#include "core/base/check.h"

namespace tightrope {

double Spread::deviation() const { return count > 1 ? std::sqrt(squares / (count - 1)) : 0; }

Spread spread(std::span<const std::uint8_t> mask, std::span<const double> column) {
  Spread out;
  for (std::size_t t = 0; t < mask.size(); ++t) {
    if (mask[t] == 0) continue;
    out.count += 1;
    out.mean += column[t];
  }
  if (out.count > 0) out.mean /= out.count;
  for (std::size_t t = 0; t < mask.size(); ++t) {
    if (mask[t] != 0) out.squares += (column[t] - out.mean) * (column[t] - out.mean);
  }
  return out;
}

Spread spread(std::span<const double> column) {
  const std::vector<std::uint8_t> every(column.size(), 1);
  return spread(every, column);
}

void check_rollout(const Rollout& rollout) {
  const std::size_t tokens = rollout.mask.size();
  const auto fits = [&](std::span<const double> column) {
    return column.empty() || column.size() == tokens;
  };
  TR_CHECK(rollout.offset.back() == static_cast<std::int32_t>(tokens) &&
               rollout.group_begin.back() == rollout.trajectories() &&
               rollout.behaviour_log_prob.size() == tokens && fits(rollout.behaviour_value) &&
               fits(rollout.reference_log_prob) &&
               rollout.score.size() == static_cast<std::size_t>(rollout.trajectories()),
           "columns of {} cases, {} trajectories, {} tokens", rollout.cases(),
           rollout.trajectories(), tokens);
}

double sum_where(std::span<const std::uint8_t> mask, std::span<const double> column) {
  double sum = 0;
  for (std::size_t t = 0; t < column.size(); ++t) sum += mask[t] != 0 ? column[t] : 0;
  return sum;
}

std::vector<double> kl_column(const Rollout& rollout, KlForm form, double exponent_clamp) {
  std::vector<double> out;
  if (rollout.reference_log_prob.empty()) return out;
  out.assign(rollout.mask.size(), 0.0);
  for (std::size_t t = 0; t < out.size(); ++t) {
    if (rollout.mask[t] == 0) continue;
    const double ratio = rollout.behaviour_log_prob[t] - rollout.reference_log_prob[t];
    out[t] = kl_estimate(form, ratio, exponent_clamp).value;
  }
  return out;
}

std::vector<std::string> rollout_metrics() {
  return {"reward", "reward_std", "reward_with_kl", "kl_to_reference", "logps/behaviour", "length"};
}

void add_rollout_metrics(const Rollout& rollout, std::span<const double> kl, double penalty,
                         MetricSums& metrics) {
  const double count = rollout.trajectories();
  const auto per_trajectory = [&](const char* name, double sum) {
    metrics[name].sum += sum;
    metrics[name].count += count;
  };
  const double score = std::accumulate(rollout.score.begin(), rollout.score.end(), 0.0);
  per_trajectory("reward", score);
  per_trajectory("reward_with_kl", score - penalty);
  if (!kl.empty()) per_trajectory("kl_to_reference", sum_where(rollout.mask, kl));
  per_trajectory("logps/behaviour", sum_where(rollout.mask, rollout.behaviour_log_prob));
  metrics["reward_std"] = {spread(rollout.score).deviation(), 1};
  double length = 0;
  for (const std::uint8_t m : rollout.mask) length += m;
  per_trajectory("length", length);
}

}  // namespace tightrope
