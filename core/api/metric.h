// SPDX-License-Identifier: Apache-2.0
// A metric is a named quantity computed at an evaluation, per case, so that it can be aggregated
// over any subset (all, entangled, single, one class): aggregate = sum value / sum weight.
#pragma once

#include <cstdint>
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
};

class Metric {
 public:
  virtual ~Metric() = default;
  virtual std::string unit() const = 0;
  // Fills value [N] and weight [N].
  virtual void per_case(const EvaluationView& view, std::span<double> value,
                        std::span<double> weight) const = 0;
};

template <>
struct InterfaceName<Metric> {
  static constexpr auto value = "metric";
};

}  // namespace tightrope
