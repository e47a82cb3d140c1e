// SPDX-License-Identifier: Apache-2.0
#include "experiments/evaluation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "experiments/metrics/rows.h"
#include "experiments/preference_optimum.h"

namespace tightrope {
namespace {

// The most probable diagnosis after </think> of every trajectory.
std::vector<int> answers(const TokenBatch& batch, const Distributions& laws) {
  std::vector<int> out(batch.trajectories());
  for (int n = 0; n < batch.trajectories(); ++n) {
    const std::size_t row = static_cast<std::size_t>(batch.offset[n + 1] - 3);
    out[n] = arg_max(std::span(laws.belief).subspan(row * laws.diseases, laws.diseases));
  }
  return out;
}

// Membership of case n: bit s of subset s.
std::vector<std::vector<int>> members(const World& world, const Cases& cases) {
  const int diseases = world.vocabulary().diseases();
  const std::vector<std::uint8_t> entangled = world.entangled();
  std::vector<std::vector<int>> out(3 + diseases);
  for (int n = 0; n < cases.size(); ++n) {
    const int z = cases.disease[n];
    out[0].push_back(n);
    out[entangled[z] ? 1 : 2].push_back(n);
    out[3 + z].push_back(n);
  }
  return out;
}

// Appends the groups' values to one metric's, whose first is at `begin` of `out`.
void add_groups(const World& world, std::span<const DiseaseGroup> groups, std::size_t begin,
                std::vector<double>& out) {
  const std::vector<std::string>& diseases = world.vocabulary().names().diseases;
  for (const DiseaseGroup& group : groups) {
    double sum = 0, count = 0;
    for (const std::string& disease : group.diseases) {
      const auto z = std::find(diseases.begin(), diseases.end(), disease) - diseases.begin();
      const double value = out[begin + 3 + z];
      if (std::isnan(value)) continue;
      sum += value;
      count += 1;
    }
    out.push_back(count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN());
  }
}

// [N, Z]; empty where no metric asks or the stage's data have no one law.
std::vector<double> optimum_of(const EvaluationRequest& request,
                               const std::vector<NamedMetric>& metrics, const Cases& cases) {
  const Stage* stage = request.stage;
  const bool asked = std::any_of(metrics.begin(), metrics.end(), [](const NamedMetric& metric) {
    return metric.metric->needs_optimum();
  });
  const bool one_law = stage != nullptr && stage->environment != "now" &&
                       stage->mixed_with.empty() && stage->imitated == Imitated::kFactual;
  if (!asked || !one_law) return {};
  return population_optimum(*stage->optimizer, stage->expert.get(), request.context.world(),
                            *request.context.environment(stage->environment), cases);
}

}  // namespace

std::vector<NamedMetric> metrics_of(const EvaluateSpec& spec) {
  std::vector<NamedMetric> out;
  for (const std::string& name : Registry<Metric>::get().names()) {
    Problems problems;
    auto metric = Registry<Metric>::get().build(Node::scalar(name), name, problems);
    problems.throw_if_any();
    const bool asked =
        std::find(spec.metrics.begin(), spec.metrics.end(), name) != spec.metrics.end();
    if (metric->by_default() || asked) out.push_back({name, std::move(metric)});
  }
  return out;
}

std::vector<std::string> subset_names(const World& world, std::span<const DiseaseGroup> groups) {
  std::vector<std::string> out = {"all", "entangled", "single"};
  const Names& names = world.vocabulary().names();
  out.insert(out.end(), names.diseases.begin(), names.diseases.end());
  for (const DiseaseGroup& group : groups) out.push_back(group.name);
  return out;
}

std::vector<double> evaluate(const EvaluationRequest& request,
                             const std::vector<NamedMetric>& metrics, Workspace& workspace) {
  const CaseSet& set = request.context.evaluation(request.environment);
  const World& world = request.context.world();
  const int count = set.cases.size();
  Distributions laws;
  Distributions swapped_laws;
  request.policy.distribution(request.parameters, set.swapped, swapped_laws, workspace);
  const std::vector<int> swapped = answers(set.swapped, swapped_laws);
  request.policy.distribution(request.parameters, set.factual, laws, workspace);
  const std::vector<int> factual = answers(set.factual, laws);
  std::vector<Sample> thought;
  std::vector<Sample> direct;
  SamplingOptions options = request.sampling;
  options.thinking = true;
  request.policy.sample(request.parameters, set.cases.image, count, options, request.stream,
                        2 * request.step, thought, workspace);
  options.thinking = false;
  request.policy.sample(request.parameters, set.cases.image, count, options, request.stream,
                        2 * request.step + 1, direct, workspace);
  const std::vector<double> optimum = optimum_of(request, metrics, set.cases);
  const EvaluationView view{world,   set.cases, request.thinking, set.factual, laws,   set.oracle,
                            thought, direct,    factual,          swapped,     optimum};
  const std::vector<std::vector<int>> subsets = members(world, set.cases);
  std::vector<double> out;
  std::vector<double> value(count);
  std::vector<double> weight(count);
  for (const NamedMetric& metric : metrics) {
    metric.metric->per_case(view, value, weight);
    const std::size_t begin = out.size();
    for (const std::vector<int>& subset : subsets) {
      out.push_back(metric.metric->aggregate(view, subset, value, weight));
    }
    add_groups(world, request.groups, begin, out);
  }
  return out;
}

}  // namespace tightrope
