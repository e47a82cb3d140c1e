// SPDX-License-Identifier: Apache-2.0
// What every rule on sampled trajectories computes of a rollout before its advantages.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/api/rollout.h"
#include "optimizers/kl_estimate.h"

namespace tightrope {

// Count, mean and sum of squared deviations of a column's entries with mask 1.
struct Spread {
  double count = 0, mean = 0, squares = 0;
  double deviation() const;  // Bessel's; 0 with fewer than two entries
};
Spread spread(std::span<const std::uint8_t> mask, std::span<const double> column);
Spread spread(std::span<const double> column);

// Throws InternalError when the columns do not fit each other.
void check_rollout(const Rollout& rollout);

// The tokens of trajectory n of a column [M].
template <class T>
std::span<T> trajectory_part(const Rollout& rollout, std::span<T> column, int n) {
  return column.subspan(rollout.offset[n], rollout.offset[n + 1] - rollout.offset[n]);
}

// Sum of the scored entries.
double sum_where(std::span<const std::uint8_t> mask, std::span<const double> column);

// The estimator of KL(behaviour || reference) of every token, [M] nat; empty without a reference.
std::vector<double> kl_column(const Rollout& rollout, KlForm form, double exponent_clamp);

// Means over the trajectories unless said: reward (the score), reward_std (over trajectories,
// Bessel), reward_with_kl (score minus `penalty` / trajectories), kl_to_reference (sum over tokens
// of the estimator, nat; not there without a reference), logps/behaviour (nat), length (scored
// tokens).
std::vector<std::string> rollout_metrics();
void add_rollout_metrics(const Rollout& rollout, std::span<const double> kl, double penalty,
                         MetricSums& metrics);

}  // namespace tightrope
