// SPDX-License-Identifier: Apache-2.0
// The waist: per-token quantities of one group and their gradients. Everything between an optimizer
// and a policy passes through these types, in host memory and float64 (docs/adr/0002).
#pragma once

#include <cstdint>
#include <span>

namespace tightrope {

// What a loss needs of each token besides what the policy computes: columns [M] flattened like the
// batch, or empty when not needed. A policy hands them through to the pullback.
struct TokenData {
  std::span<const double> reference_log_prob = {};  // under the frozen reference, nat
  std::span<const double> behaviour_log_prob =
      {};                                        // under the policy that drew the trajectory, nat
  std::span<const double> behaviour_value = {};  // the critic's value when it was drawn
  std::span<const double> advantage = {};        // of the token, whitened if so configured
  std::span<const double> target_return = {};    // what the critic is fitted to

  // The columns of tokens [begin, end).
  TokenData part(int begin, int end) const {
    const auto cut = [&](std::span<const double> column) {
      return column.empty() ? column : column.subspan(begin, end - begin);
    };
    return {cut(reference_log_prob), cut(behaviour_log_prob), cut(behaviour_value), cut(advantage),
            cut(target_return)};
  }
};

// Quantities that cost extra and are computed on request only.
struct Wanted {
  bool entropy = false;  // of the law that token t was drawn from, nat
  bool value = false;    // the critic's value of the prefix before token t
};

// Per-token quantities of the trajectories of one or more whole cases, flattened like the batch:
// entry offset[n] + t belongs to token t of trajectory n. Entries with mask 0 are never read.
struct Group {
  int first_case = 0;                         // index in the batch of the first case of this group
  int first_trajectory = 0;                   // index in the batch of the first trajectory
  std::span<const std::int32_t> group_begin;  // [cases + 1] trajectory index, batch-wide numbering
  std::span<const std::int32_t> offset;  // [trajectories + 1] token index, batch-wide numbering
  std::span<const std::uint8_t> mask;    // of this group's tokens
  std::span<const double> log_prob;      // log pi(y_t | v, y_<t), nat
  std::span<const double> entropy;       // empty unless wanted
  std::span<const double> value;         // empty unless wanted
  TokenData data;                        // of this group's tokens
  // Filled behind the policy's pass: weights of the optimizer, and sources of pairs, by case.
  std::span<const double> case_weight;   // [cases]; empty: 1 each
  std::span<const std::uint8_t> source;  // [cases]; empty: not known
  std::span<const std::int32_t> tokens;  // token ids (for rules that compare trajectories)
  int cases() const { return static_cast<int>(group_begin.size()) - 1; }
  int trajectories() const { return static_cast<int>(offset.size()) - 1; }
  double weight_of(int c) const { return case_weight.empty() ? 1.0 : case_weight[c]; }
};

// dL/d quantity of the same tokens; starts at zero, the pullback adds to it.
struct GroupGradient {
  std::span<double> log_prob;
  std::span<double> entropy = {};  // empty unless wanted
  std::span<double> value = {};    // empty unless wanted
};

// Receives groups during the policy's pass. May be called many times per step, in case order, from
// one thread; the total over groups is the step's loss.
class Pullback {
 public:
  virtual ~Pullback() = default;
  virtual void operator()(const Group& group, GroupGradient gradient) = 0;
};

}  // namespace tightrope
