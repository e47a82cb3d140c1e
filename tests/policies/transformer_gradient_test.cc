// SPDX-License-Identifier: Apache-2.0
// The fused transformer's gradients against central differences in float64, for every option.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/policies/transformer_fixtures.h"

namespace tightrope {
namespace {

class TransformerGradient : public testing::TestWithParam<TransformerSetting> {};

TEST_P(TransformerGradient, MatchesFiniteDifferences) {
  const TransformerSetting& setting = GetParam();
  const PolicyContext context = small_context(setting.categories, 3, 3, 4, 2);
  const TransformerShape shape(context, setting.options);
  const WeightPlan plan(shape);
  FusedWorkspace<double> workspace(shape, plan);
  std::vector<double> parameters = random_transformer<double>(shape, 5);
  const TokenBatch batch = random_batch(context, setting.cases, 7);
  const Wanted wanted{.entropy = true, .value = setting.options.value_head};

  workspace.pass.weights().load<double>(parameters, true);
  QuantityLoss loss(wanted);
  workspace.step(batch, {}, wanted, loss);
  std::vector<double> gradient(parameters.size());
  workspace.pass.weights().unload(gradient);

  TokenQuantities at;
  const auto evaluate = [&] {
    workspace.pass.weights().load<double>(parameters, false);
    workspace.evaluate(batch, wanted, at);
    return QuantityLoss::value(batch, at);
  };
  evaluate();
  ASSERT_EQ(at.log_prob.size(), loss.seen.log_prob.size());
  for (std::size_t i = 0; i < at.log_prob.size(); ++i) {
    EXPECT_EQ(at.log_prob[i], loss.seen.log_prob[i]) << i;
    EXPECT_EQ(at.entropy[i], loss.seen.entropy[i]) << i;
    if (wanted.value) {
      EXPECT_EQ(at.value[i], loss.seen.value[i]) << i;
    }
  }

  double largest = 0;
  for (const double value : gradient) largest = std::max(largest, std::abs(value));
  ASSERT_GT(largest, 0.1);
  constexpr double kStep = 1e-5;
  for (const ParameterView& view : shape.layout) {
    double view_largest = 0;
    for (std::int64_t i = view.offset; i < view.offset + view.size; ++i) {
      const double before = parameters[i];
      parameters[i] = before + kStep;
      const double up = evaluate();
      parameters[i] = before - kStep;
      const double down = evaluate();
      parameters[i] = before;
      ASSERT_NEAR((up - down) / (2 * kStep), gradient[i], 2e-6 * largest)
          << view.name << " " << i - view.offset;
      view_largest = std::max(view_largest, std::abs(gradient[i]));
    }
    EXPECT_GT(view_largest, 1e-4 * largest) << view.name << " takes no part";
  }
}

INSTANTIATE_TEST_SUITE_P(Options, TransformerGradient, testing::ValuesIn(transformer_settings()),
                         [](const auto& about) { return about.param.name; });

}  // namespace
}  // namespace tightrope
