// SPDX-License-Identifier: Apache-2.0
// A view of real cases of the tiny experiment whose policy law and samples a test sets by hand.
#pragma once

#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "experiments/plan.h"
#include "experiments/runner.h"
#include "experiments/world_context.h"
#include "tests/experiments/engine_support.h"

namespace tightrope::metric_test {

struct Fixture {
  std::shared_ptr<const Experiment> experiment;
  std::unique_ptr<WorldContext> context;
  Distributions policy;
  std::vector<Sample> thought, direct;
  std::vector<int> answer_factual, answer_swapped;
  std::vector<double> optimum;  // [N, Z]
  bool thinking = true;

  explicit Fixture(const std::vector<std::string>& sets = {}) {
    const Plan plan(load_experiment_tree(engine_test::kTiny, sets), {{"confirm", {0}}});
    experiment = plan.experiment(0);
    context = std::make_unique<WorldContext>(*experiment, 0);
    // The policy says what the oracle says, and every answer is right.
    const CaseSet& cases = set();
    policy.vocabulary = cases.oracle.front().vocabulary;
    policy.diseases = cases.oracle.front().diseases;
    const TokenBatch& batch = cases.factual;
    policy.log_prob.resize(batch.tokens.size() * policy.vocabulary);
    policy.belief.resize(batch.tokens.size() * policy.diseases);
    for (int n = 0; n < count(); ++n) {
      const auto take_log = [row = batch.offset[n]](std::span<const double> from, int width,
                                                    std::vector<double>& to) {
        for (std::size_t i = 0; i < from.size(); ++i) to[row * width + i] = std::log(from[i]);
      };
      take_log(cases.oracle[n].law, policy.vocabulary, policy.log_prob);
      take_log(cases.oracle[n].belief, policy.diseases, policy.belief);
      for (int z = 0; z < policy.diseases; ++z) {
        optimum.push_back(std::log(cases.oracle[n].belief[z]));  // of the image alone
      }
      const Token answer = context->world().vocabulary().disease(cases.cases.disease[n]);
      Sample sample;
      sample.disease = cases.cases.disease[n];
      sample.trajectory.tokens = {answer};
      thought.push_back(sample);
      direct.push_back(sample);
    }
    answer_factual = answer_swapped = {cases.cases.disease.begin(), cases.cases.disease.end()};
  }

  const CaseSet& set() const { return context->evaluation(0); }
  int count() const { return set().cases.size(); }
  EvaluationView view() const {
    return {context->world(), set().cases, thinking,       set().factual,  policy, set().oracle,
            thought,          direct,      answer_factual, answer_swapped, optimum};
  }
  // The metric of that name over a subset of the cases (all of them when it is empty).
  double aggregate(const std::string& name, std::vector<int> subset = {}) const {
    Problems problems;
    const auto metric = Registry<Metric>::get().build(Node::scalar(name), name, problems);
    problems.throw_if_any();
    std::vector<double> value(count()), weight(count());
    metric->per_case(view(), value, weight);
    if (subset.empty()) {
      for (int n = 0; n < count(); ++n) subset.push_back(n);
    }
    return metric->aggregate(view(), subset, value, weight);
  }
};

}  // namespace tightrope::metric_test
