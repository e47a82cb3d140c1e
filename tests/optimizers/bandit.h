// SPDX-License-Identifier: Apache-2.0
// The bandit of bandit_optima.json: one context, four actions, a uniform reference. Exact
// expectations of what a rule on sampled trajectories does there.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "core/api/rollout.h"
#include "core/base/math.h"
#include "tests/optimizers/batch.h"

namespace tightrope::optimizer_test {

// The expected gradient by the logits, over all tuples of `samples` actions for the one case:
// assess() and loss() of the optimizer for every tuple, weighted by its probability.
inline std::vector<double> expected_gradient(const Optimizer& rule,
                                             const std::vector<double>& logits,
                                             const std::vector<double>& reward,
                                             const std::vector<double>& reference, int samples) {
  const double norm = log_sum_exp(logits);
  const int actions = static_cast<int>(logits.size());
  int tuples = 1;
  for (int g = 0; g < samples; ++g) tuples *= actions;
  std::vector<double> slope(actions, 0.0);
  for (int tuple = 0; tuple < tuples; ++tuple) {
    CaseList cases(1);
    std::vector<double> score;
    std::vector<int> action;
    double probability = 1;
    for (int g = 0, rest = tuple; g < samples; ++g, rest /= actions) {
      const int a = rest % actions;
      action.push_back(a);
      score.push_back(reward[a]);
      probability *= std::exp(logits[a] - norm);
      cases[0].push_back({.log_prob = {logits[a] - norm},
                          .reference = {std::log(reference[a])},
                          .mask = {1},
                          .tokens = {a}});
    }
    Flat flat(cases);
    flat.behaviour = flat.log_prob;
    std::vector<double> state = rule.rollout()->initial_state();
    Assessment assessed;
    MetricSums metrics;
    rule.rollout()->assess({.group_begin = flat.begin,
                            .offset = flat.offset,
                            .mask = flat.mask,
                            .behaviour_log_prob = flat.behaviour,
                            .reference_log_prob = flat.reference,
                            .score = score},
                           state, assessed, metrics);
    flat.advantage = assessed.advantage;
    const Outcome out = flat.run(rule);
    for (int g = 0; g < samples; ++g) slope[action[g]] += probability * out.gradient[g];
  }
  double total = 0;
  for (const double s : slope) total += s;
  for (int a = 0; a < actions; ++a) slope[a] -= std::exp(logits[a] - norm) * total;
  return slope;
}

// Where descent along the expected gradient ends, from the uniform policy.
inline std::vector<double> descend_on_bandit(const std::string& yaml, int samples,
                                             double rate = 1) {
  const auto rule = build(yaml);
  std::vector<double> logits(4, 0.0);
  for (int step = 0; step < 4000; ++step) {
    const std::vector<double> slope =
        expected_gradient(*rule, logits, {1, 0, 0.5, 0.25}, {0.25, 0.25, 0.25, 0.25}, samples);
    for (int a = 0; a < 4; ++a) logits[a] -= rate * slope[a];
  }
  const double norm = log_sum_exp(logits);
  for (double& x : logits) x = std::exp(x - norm);
  return logits;
}

}  // namespace tightrope::optimizer_test
