// SPDX-License-Identifier: Apache-2.0
// The waist: per-token quantities of one group and their gradients. Everything between an optimizer
// and a policy passes through these types, in host memory and float64 (docs/adr/0002).
#pragma once

#include <cstdint>
#include <span>

namespace tightrope {

// Per-token quantities of the trajectories of one or more whole cases, flattened like the batch:
// entry offset[n] + t belongs to token t of trajectory n. Entries with mask 0 are never read.
struct Group {
  int first_case = 0;                         // index in the batch of the first case of this group
  int first_trajectory = 0;                   // index in the batch of the first trajectory
  std::span<const std::int32_t> group_begin;  // [cases + 1] trajectory index, batch-wide numbering
  std::span<const std::int32_t> offset;  // [trajectories + 1] token index, batch-wide numbering
  std::span<const std::uint8_t> mask;    // of this group's tokens
  std::span<const double> log_prob;      // log pi(y_t | v, y_<t), nat
  std::span<const double>
      reference_log_prob;                // the same under the reference; empty when not needed
  std::span<const std::int32_t> tokens;  // token ids (for rules that compare trajectories)
  int cases() const { return static_cast<int>(group_begin.size()) - 1; }
  int trajectories() const { return static_cast<int>(offset.size()) - 1; }
};

// dL/d log_prob of the same tokens; starts at zero, the pullback adds to it.
struct GroupGradient {
  std::span<double> log_prob;
};

// Receives groups during the policy's pass. May be called many times per step, in case order, from
// one thread; the total over groups is the step's loss.
class Pullback {
 public:
  virtual ~Pullback() = default;
  virtual void operator()(const Group& group, GroupGradient gradient) = 0;
};

}  // namespace tightrope
