// SPDX-License-Identifier: Apache-2.0
#include "optimizers/pair_sums.h"

#include <algorithm>

#include "core/base/check.h"

namespace tightrope {
namespace {

int first_scored_from(std::span<const std::uint8_t> mask, std::size_t begin) {
  for (std::size_t t = begin; t < mask.size(); ++t) {
    if (mask[t] != 0) return static_cast<int>(t);
  }
  return -1;
}

}  // namespace

TrajectoryView trajectory_of(const Group& group, const GroupGradient& gradient, int n) {
  TR_DCHECK(n >= 0 && n < group.trajectories(), "trajectory {} of {}", n, group.trajectories());
  const std::size_t begin = static_cast<std::size_t>(group.offset[n] - group.offset[0]);
  const std::size_t count = static_cast<std::size_t>(group.offset[n + 1] - group.offset[n]);
  TrajectoryView view;
  view.mask = group.mask.subspan(begin, count);
  view.log_prob = group.log_prob.subspan(begin, count);
  if (!group.data.reference_log_prob.empty()) {
    view.reference = group.data.reference_log_prob.subspan(begin, count);
  }
  if (!group.tokens.empty()) view.tokens = group.tokens.subspan(begin, count);
  view.gradient = gradient.log_prob.subspan(begin, count);
  return view;
}

SequenceSum sum_scored(const TrajectoryView& view) {
  SequenceSum sum;
  for (std::size_t t = 0; t < view.mask.size(); ++t) {
    if (view.mask[t] == 0) continue;
    sum.log_prob += view.log_prob[t];
    if (!view.reference.empty()) sum.reference += view.reference[t];
    ++sum.length;
  }
  return sum;
}

SequenceSum sum_at(const TrajectoryView& view, int index) {
  if (index < 0) return {};
  const std::size_t t = static_cast<std::size_t>(index);
  TR_DCHECK(t < view.mask.size() && view.mask[t] != 0, "token {} is not scored", index);
  return {view.log_prob[t], view.reference.empty() ? 0.0 : view.reference[t], 1};
}

void add_slope(const TrajectoryView& view, double slope) {
  for (std::size_t t = 0; t < view.mask.size(); ++t) {
    if (view.mask[t] != 0) view.gradient[t] += slope;
  }
}

PartingTokens first_divergence(const TrajectoryView& chosen, const TrajectoryView& rejected) {
  const std::size_t shared = std::min(chosen.tokens.size(), rejected.tokens.size());
  std::size_t t = 0;
  while (t < shared && chosen.tokens[t] == rejected.tokens[t]) ++t;
  if (t == shared && chosen.tokens.size() == rejected.tokens.size()) return {};
  return {first_scored_from(chosen.mask, t), first_scored_from(rejected.mask, t)};
}

}  // namespace tightrope
