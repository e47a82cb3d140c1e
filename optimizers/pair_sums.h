// SPDX-License-Identifier: Apache-2.0
// Sums of one trajectory's scored tokens, and where two trajectories part. Entries with mask 0 are
// never read, whatever they hold.
#pragma once

#include <cstdint>
#include <span>

#include "core/api/waist.h"

namespace tightrope {

// One trajectory of a group; all spans have its length T (`reference` and `tokens` may be empty).
struct TrajectoryView {
  std::span<const std::uint8_t> mask;
  std::span<const double> log_prob;
  std::span<const double> reference;
  std::span<const std::int32_t> tokens;
  std::span<double> gradient;
};

// Trajectory n (0 <= n < group.trajectories()) of a group and its gradient.
TrajectoryView trajectory_of(const Group& group, const GroupGradient& gradient, int n);

struct SequenceSum {
  double log_prob = 0;   // sum over scored tokens of log pi, nat
  double reference = 0;  // the same under the reference; 0 without one
  int length = 0;        // scored tokens
  double ratio() const { return log_prob - reference; }
};

SequenceSum sum_scored(const TrajectoryView& view);

// The same of the one scored token at `index`; nothing for -1.
SequenceSum sum_at(const TrajectoryView& view, int index);

// Adds `slope` to the gradient of every scored token.
void add_slope(const TrajectoryView& view, double slope);

// The scored token of each side that decides between two trajectories; -1 where there is none.
struct PartingTokens {
  int chosen = -1;
  int rejected = -1;
};

// The first position where the token ids differ or one side has ended; on each side the first
// scored token from there on (a forced <answer_now> is not scored). Equal trajectories: -1, -1.
PartingTokens first_divergence(const TrajectoryView& chosen, const TrajectoryView& rejected);

}  // namespace tightrope
