// SPDX-License-Identifier: Apache-2.0
// An optimizer is an update rule: from token log-probabilities to a loss and its gradients by
// log-prob. It never sees a network. A loss returns sums and counts, never a mean; what it needs of
// the whole batch is fixed before (BatchTotals), so that splitting a batch changes nothing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/api/waist.h"
#include "core/registry/registry.h"

namespace tightrope {

// What the trajectories of a case are.
enum class TrajectoryKind {
  kSupervised,  // one: the factual trajectory
  kPair,        // chosen first, then negatives() rejected ones
  kRollout,     // those that the policy itself drew; see core/api/rollout.h
};

// Counts over the whole optimizer step (all groups, all micro-batches), fixed before the pass.
struct BatchTotals {
  double cases = 0;
  double trajectories = 0;
  double scored_tokens = 0;  // over every trajectory
  double chosen_tokens = 0;  // scored tokens of first trajectories
  double kl_baseline = 0;    // nat; of optimizers that need mismatched trajectories

  // Counts the next trajectory of a case; `first`: it begins the case.
  void add(std::span<const std::uint8_t> trajectory_mask, bool first) {
    double scored = 0;
    for (const std::uint8_t m : trajectory_mask) scored += m;
    cases += first ? 1 : 0;
    trajectories += 1;
    scored_tokens += scored;
    chosen_tokens += first ? scored : 0;
  }
};

// The trajectories of a whole optimizer step, without what the policy says of them.
struct BatchShape {
  std::span<const std::int32_t> group_begin;  // [cases + 1] trajectory index
  std::span<const std::int32_t> offset;       // [trajectories + 1] token index
  std::span<const std::uint8_t> mask;         // [tokens]
  std::span<const std::uint8_t> source = {};  // [cases] PairSource of each; empty: all thinking
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
  // Rejected trajectories of a kPair case, >= 1.
  virtual int negatives() const { return 1; }
  // Whether totals.kl_baseline is filled: the mean of log pi(y' | v) - log ref(y' | v) over the
  // step's trajectories y', each under the image of the case before its own (KTO's z0).
  virtual bool needs_mismatched() const { return false; }
  // beta, where the loss of a pair is the logistic loss of beta times the difference of the two
  // trajectories' log-ratios to the reference, whatever is added to it: the losses whose population
  // optimum is known (experiments/preference_optimum.h). Nothing for every other loss.
  virtual std::optional<double> logistic_beta() const { return std::nullopt; }
  // Weights [cases] of the step's cases (group.case_weight); empty, as by default: 1 each.
  virtual std::vector<double> case_weights(const BatchShape& step) const {
    static_cast<void>(step);
    return {};
  }
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
