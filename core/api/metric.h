// SPDX-License-Identifier: Apache-2.0
// A metric is a named quantity computed at an evaluation, per case, so that it can be aggregated
// over any subset (all, entangled, single, one class).
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/api/cases.h"
#include "core/api/policy.h"
#include "core/api/world.h"
#include "core/registry/registry.h"

namespace tightrope {

// Everything known of N evaluation cases of one environment under one policy.
struct EvaluationView {
  const World& world;
  const Cases& cases;
  bool thinking = true;  // the mode the arm was trained in
  // Factual trajectories (teacher forced), one per case, and what policy and oracle say along them.
  const TokenBatch& factual;
  const Distributions& policy;             // [M, V], [M, Z]
  const std::vector<OracleTrace>& oracle;  // [N]; rows as in Distributions, per case
  const std::vector<Sample>& thought;      // [N] free-running chain (greedy unless configured)
  const std::vector<Sample>& direct;       // [N] answer without thinking
  // Answers after the factual report with every synonym swapped, [N] diseases; and unswapped, [N].
  std::span<const int> answer_factual;
  std::span<const int> answer_swapped;
  // log pi*(z | v) of the population optimum of the stage's loss for answers without thinking, [N,
  // Z] nat (experiments/preference_optimum.h); empty where it is not known, or not asked for.
  std::span<const double> optimum = {};
};

class Metric {
 public:
  virtual ~Metric() = default;
  virtual std::string unit() const = 0;
  // Whether every evaluation computes it; otherwise only where `evaluate: metrics:` names it.
  virtual bool by_default() const { return true; }
  // Whether per_case() reads view.optimum.
  virtual bool needs_optimum() const { return false; }
  // Fills value [N] and weight [N].
  virtual void per_case(const EvaluationView& view, std::span<double> value,
                        std::span<double> weight) const = 0;
  // The value over a subset of cases, from what per_case() gave; by default sum value / sum weight,
  // NaN where the weights are 0. Metrics of a whole corpus (BLEU, AUC) say otherwise.
  virtual double aggregate(const EvaluationView& view, std::span<const int> subset,
                           std::span<const double> value, std::span<const double> weight) const {
    static_cast<void>(view);
    double sum = 0, total = 0;
    for (const int n : subset) {
      sum += value[n];
      total += weight[n];
    }
    return total > 0 ? sum / total : std::numeric_limits<double>::quiet_NaN();
  }
};

template <>
struct InterfaceName<Metric> {
  static constexpr auto value = "metric";
};

}  // namespace tightrope
