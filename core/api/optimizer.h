// SPDX-License-Identifier: Apache-2.0
// An optimizer is an update rule: from token log-probabilities to a loss and its gradients by
// log-prob. It never sees a network. A loss returns sums and counts, never a mean; what it needs of
// the whole batch is fixed before (BatchTotals), so that splitting a batch changes nothing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/api/waist.h"
#include "core/registry/registry.h"

namespace tightrope {

// What the trajectories of a case are.
enum class TrajectoryKind {
  kSupervised,  // one: the factual trajectory
  kPair,        // two: chosen, rejected
  kRollout,     // one that the policy itself drew; see core/api/rollout.h
};

// Counts over the whole optimizer step (all groups, all micro-batches), fixed before the pass.
struct BatchTotals {
  double cases = 0;          // pairs, or supervised trajectories
  double scored_tokens = 0;  // over every trajectory
  double chosen_tokens = 0;  // scored tokens of first trajectories
};

// Sums collected over a step; divided once, at its end. Keys are the metric names of the log.
struct MetricSum {
  double sum = 0;
  double count = 0;
  double mean() const { return count > 0 ? sum / count : 0; }
};
using MetricSums = std::map<std::string, MetricSum>;

class RolloutRule;

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  virtual TrajectoryKind trajectories() const = 0;
  virtual bool needs_reference() const = 0;
  // What loss() reads of a group besides log-probs.
  virtual Wanted wanted() const { return {}; }
  // How kRollout trajectories become training data; null for every other kind.
  virtual const RolloutRule* rollout() const { return nullptr; }
  // Names and units of the metrics that loss() adds, "loss" first; fixed over a run.
  virtual std::vector<std::string> metrics() const = 0;
  // Adds this group's part of the step's loss gradient (already divided by the step's totals) to
  // `gradient` and its sums to `metrics` ("loss" is the total: its sum carries the divided value
  // and its count is 1 per step, so loss.sum is the step's loss).
  virtual void loss(const Group& group, const BatchTotals& totals, GroupGradient gradient,
                    MetricSums& metrics) const = 0;
};

template <>
struct InterfaceName<Optimizer> {
  static constexpr auto value = "optimizer";
};

}  // namespace tightrope
