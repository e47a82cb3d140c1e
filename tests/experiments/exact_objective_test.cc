// SPDX-License-Identifier: Apache-2.0
// The gradient of exact_gradient through a policy against central differences, in float64, of the
// objective as it is written down: expected score, KL and entropy of whole trajectories.
#include <gtest/gtest.h>

#include <cmath>

#include "core/api/enumeration.h"
#include "experiments/loss_pullback.h"
#include "experiments/rollout_batch.h"
#include "policies/kernels/kernels.h"
#include "policies/kernels/tabular_kernel.h"
#include "policies/parameter_layout.h"
#include "tests/optimizers/batch.h"
#include "tests/policies/fixtures.h"

namespace tightrope {
namespace {

struct Problem {
  TokenBatch batch;
  std::vector<double> reference, score;
};

double log_prob_of(const TokenBatch& batch, const std::vector<double>& column, int n) {
  double out = 0;
  for (int t = batch.offset[n]; t < batch.offset[n + 1]; ++t) {
    if (batch.mask[t] != 0) out += column[t];
  }
  return out;
}

// Two cases; scores are any numbers, the reference another set of parameters.
Problem make_problem(LawKernel<double>& kernel, const PolicyContext& context, bool thinking,
                     std::int64_t parameters) {
  Problem out;
  const std::vector<float> images = random_images(2, context.channels, 5);
  const Grammar grammar(context.vocabulary, context.max_mentions);
  Draws draws = test_stream(6).at(0);
  out.batch.clear(context.channels);
  for (int b = 0; b < 2; ++b) {
    out.batch.add_case(std::span(images).subspan(b * context.channels, context.channels));
    for (const Trajectory& y : enumerate_trajectories(grammar, thinking, 4096)) {
      out.batch.add(y);
      out.score.push_back(draws.normal());
    }
  }
  out.reference.assign(out.batch.tokens.size(), 0.0);
  run_evaluate<double>(kernel, random_parameters<double>(parameters, 8), out.batch, out.reference);
  return out;
}

double objective(LawKernel<double>& kernel, std::span<const double> parameters,
                 const Problem& problem, double kl, double entropy) {
  std::vector<double> log_prob(problem.batch.tokens.size());
  run_evaluate<double>(kernel, parameters, problem.batch, log_prob);
  double out = 0;
  for (int n = 0; n < problem.batch.trajectories(); ++n) {
    const double own = log_prob_of(problem.batch, log_prob, n);
    const double frozen = log_prob_of(problem.batch, problem.reference, n);
    out += std::exp(own) * (problem.score[n] - kl * (own - frozen) - entropy * own);
  }
  return out / problem.batch.cases();
}

// Of minus the objective, the way the engine goes.
std::vector<double> engine_gradient(LawKernel<double>& kernel, std::span<const double> parameters,
                                    const Problem& problem, const std::string& yaml) {
  const auto optimizer = optimizer_test::build(yaml);
  RolloutBatch batch;
  batch.tokens = problem.batch;
  batch.behaviour.assign(batch.tokens.tokens.size(), 0.0);
  run_evaluate<double>(kernel, parameters, batch.tokens, batch.behaviour);
  MetricSums metrics;
  optimizer->rollout()->assess({.group_begin = batch.tokens.group_begin,
                                .offset = batch.tokens.offset,
                                .mask = batch.tokens.mask,
                                .behaviour_log_prob = batch.behaviour,
                                .reference_log_prob = problem.reference,
                                .score = problem.score},
                               {}, batch.assessed, metrics);
  const BatchTotals totals = batch.totals();
  LossPullback pullback(*optimizer, batch.tokens, totals, metrics);
  std::vector<double> gradient(parameters.size(), 0.0), log_prob, d_log_prob;
  run_step<double>(kernel, parameters, batch.tokens, batch.data(), pullback, gradient, log_prob,
                   d_log_prob);
  return gradient;
}

void check(LawKernel<double>& kernel, const std::vector<ParameterView>& layout,
           const PolicyContext& context, bool thinking) {
  const std::int64_t count = total_size(layout);
  const Problem problem = make_problem(kernel, context, thinking, count);
  for (const auto& [kl, entropy] : {std::pair{0.0, 0.0}, {0.6, 0.0}, {0.0, 0.3}, {0.6, 0.3}}) {
    std::vector<double> parameters = random_parameters<double>(count, 7);
    const std::vector<double> gradient =
        engine_gradient(kernel, parameters, problem,
                        "{type: exact_gradient, kl_coefficient: " + std::to_string(kl) +
                            ", entropy_coefficient: " + std::to_string(entropy) + "}");
    double largest = 0;
    for (const double g : gradient) largest = std::max(largest, std::abs(g));
    EXPECT_GT(largest, 0.01);
    constexpr double kStep = 1e-4;
    for (std::int64_t i = 0; i < count; ++i) {
      const double before = parameters[i];
      parameters[i] = before + kStep;
      const double up = objective(kernel, parameters, problem, kl, entropy);
      parameters[i] = before - kStep;
      const double down = objective(kernel, parameters, problem, kl, entropy);
      parameters[i] = before;
      ASSERT_NEAR((down - up) / (2 * kStep), gradient[i], 1e-7 + 1e-6 * largest)
          << i << " kl " << kl << " entropy " << entropy;
    }
  }
}

TEST(ExactObjective, TabularGradientIsThatOfTheObjective) {
  const PolicyContext context = small_context(2, 2, 2, 2, 2);
  const Grammar grammar(context.vocabulary, context.max_mentions);
  const auto states = std::make_shared<const PrefixStates>(context.vocabulary, grammar, 10000);
  std::vector<ParameterView> layout;
  add_view(layout, "logits", {context.channels, states->size(), context.vocabulary.size()});
  TabularKernel<double> kernel(context.vocabulary, states, context.channels);
  check(kernel, layout, context, true);
  check(kernel, layout, context, false);
}

TEST(ExactObjective, LogLinearGradientIsThatOfTheObjective) {
  for (const char* chain : {"token", "slot"}) {
    const PolicyContext context = small_context(0, 3, 3, 3, 2);
    const LogLinearOptions options{.chain = chain, .gate = true};
    const auto shape = std::make_shared<const LogLinearShape>(context, options);
    const auto kernel = make_log_linear_kernel<double>(shape);
    check(*kernel, shape->layout, context, true);
    check(*kernel, shape->layout, context, false);
  }
}

}  // namespace
}  // namespace tightrope
