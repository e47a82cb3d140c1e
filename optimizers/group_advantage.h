// SPDX-License-Identifier: Apache-2.0
// The advantage of a whole trajectory from the scores r of the trajectories drawn for the same case
// (its group, n of them):
//
//   none             r
//   batch            r - mean over the whole rollout
//   group            r - mean over the group                                GRPO
//   leave_one_out    r - mean of the group's others = n/(n-1) (r - mean)    RLOO
//   greedy           r - score of the case's greedy trajectory              ReMax
//
// then divided by nothing, by the group's standard deviation + epsilon (arXiv 2402.03300, section
// 4.1.2) or by that of all scores of the rollout + epsilon. Deviations are Bessel's.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace tightrope {

enum class Baseline { kNone, kBatch, kGroup, kLeaveOneOut, kGreedy };
enum class AdvantageScale { kNone, kGroup, kBatch };

struct GroupAdvantage {
  Baseline baseline = Baseline::kGroup;
  AdvantageScale scale = AdvantageScale::kNone;
  double epsilon = 1e-4;  // > 0
};

std::vector<std::string> baseline_names();  // in the order of Baseline
Baseline baseline_of(const std::string& name);
std::vector<std::string> scale_names();  // none, group, batch
AdvantageScale scale_of(const std::string& name);

// [N] from scores [N]; group_begin [B + 1]; greedy [B], read by kGreedy alone. Throws InternalError
// for a group of one where the baseline or the scale needs two.
std::vector<double> group_advantage(const GroupAdvantage& options,
                                    std::span<const std::int32_t> group_begin,
                                    std::span<const double> score,
                                    std::span<const double> greedy = {});

// Groups whose scores are all equal: nothing to learn from with a group's baseline.
int groups_without_spread(std::span<const std::int32_t> group_begin, std::span<const double> score);

}  // namespace tightrope
