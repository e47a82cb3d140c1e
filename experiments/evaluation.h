// SPDX-License-Identifier: Apache-2.0
// Evaluates a policy in every named environment: all metrics, over all subsets of cases.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/api/metric.h"
#include "experiments/world_context.h"

namespace tightrope {

struct NamedMetric {
  std::string name;
  std::shared_ptr<const Metric> metric;
};

// The metrics that are always computed and those that `spec` names, with their defaults, in order
// of name.
std::vector<NamedMetric> metrics_of(const EvaluateSpec& spec);

// "all", "entangled", "single", then the diseases by name, then the groups.
std::vector<std::string> subset_names(const World& world, std::span<const DiseaseGroup> groups);

struct EvaluationRequest {
  WorldContext& context;
  std::size_t environment;  // index among the named ones
  const Policy& policy;
  std::span<const float> parameters;
  bool thinking;             // the arm's mode
  SamplingOptions sampling;  // of free-running chains
  Stream stream;             // purpose kSampling
  std::uint32_t step;
  std::span<const DiseaseGroup> groups = {};
  const Stage* stage = nullptr;  // whose optimum metrics may ask for; null: not known
};

// [metric, subset]: Metric::aggregate, NaN for an empty subset. A group's value is the mean over
// those of its diseases that have one.
std::vector<double> evaluate(const EvaluationRequest& request,
                             const std::vector<NamedMetric>& metrics, Workspace& workspace);

}  // namespace tightrope
