// SPDX-License-Identifier: Apache-2.0
// What an optimizer adds to its loss to learn from trajectories that the policy itself drew: from
// the scores of a batch of them to advantages, and how often they are used. One step of a stage =
// one rollout and `epochs` x `minibatches` updates on it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/api/optimizer.h"

namespace tightrope {

// A batch of N complete trajectories of B cases, M tokens; columns [M] are flattened like the batch
// and never read where the mask is 0.
struct Rollout {
  std::span<const std::int32_t> group_begin;        // [B + 1] trajectory index
  std::span<const std::int32_t> offset;             // [N + 1]
  std::span<const std::uint8_t> mask;               // [M]
  std::span<const double> behaviour_log_prob;       // [M] nat
  std::span<const double> behaviour_value = {};     // [M]; empty without a critic
  std::span<const double> reference_log_prob = {};  // [M] nat; empty unless needed
  std::span<const double> score;                    // [N] of the reward model
  std::span<const double> greedy_score = {};        // [B] of plan().greedy; empty otherwise
  int cases() const { return static_cast<int>(group_begin.size()) - 1; }
  int trajectories() const { return static_cast<int>(offset.size()) - 1; }
};

// What a rule makes of a rollout, [M]; 0 where the mask is 0.
struct Assessment {
  std::vector<double> advantage;
  std::vector<double> target_return;
};

// How a rollout is drawn and used: every case exactly once per epoch, in shuffled minibatches of
// whole cases whose sizes differ by one at most.
struct RolloutPlan {
  int epochs = 1;       // >= 1
  int minibatches = 1;  // >= 1, at most the cases of a rollout
  int samples = 1;      // trajectories per case, >= 1
  bool greedy = false;  // score each case's greedy trajectory, too
  int refills = 0;      // times that cases with equal scores are replaced by fresh ones, >= 0
  // > 0: instead of drawn ones, all complete trajectories of every case (core/api/enumeration.h),
  // which must not be more than this.
  std::int64_t enumerate = 0;
};

// Another optimizer whose sampled gradient is set beside the enumerated one, at the same cases and
// parameters.
struct Comparison {
  std::shared_ptr<const Optimizer> optimizer;  // of kRollout, without a critic; enumerates nothing
  int repeats = 16;                            // independent rollouts each time, >= 2
  std::int64_t every = 1;                      // steps, >= 1
};

class RolloutRule {
 public:
  virtual ~RolloutRule() = default;
  virtual RolloutPlan plan() const = 0;
  // What its gradients are compared with; null, as by default: nothing. Only of rules that
  // enumerate.
  virtual const Comparison* comparison() const { return nullptr; }
  // What changes from rollout to rollout (a controller's coefficient) at the stage's start. The
  // caller owns it and keeps it in checkpoints.
  virtual std::vector<double> initial_state() const { return {}; }
  // Fills `out` and adds the metrics of the whole rollout; then moves `state` on.
  virtual void assess(const Rollout& rollout, std::span<double> state, Assessment& out,
                      MetricSums& metrics) const = 0;
  // Changes the advantages [m] of one minibatch before its pass; by default nothing.
  virtual void prepare(std::span<const std::uint8_t> mask, std::span<double> advantage) const {
    static_cast<void>(mask);
    static_cast<void>(advantage);
  }
  // Whether to drop this update, whose pass gave these metrics, and the rest of the rollout's.
  virtual bool stop(const MetricSums& update) const {
    static_cast<void>(update);
    return false;
  }
};

}  // namespace tightrope
