// SPDX-License-Identifier: Apache-2.0
// The autograd transformer in float64 against finite differences, and the fused one against it.
#include <gtest/gtest.h>

#include <cmath>

#include "policies/transformer/backends.h"
#include "tests/torch/transformer_fixtures.h"

namespace tightrope {
namespace {

class TransformerReference : public testing::TestWithParam<TransformerSetting> {
 protected:
  const TransformerSetting& setting = GetParam();
  PolicyContext context = small_context(setting.categories, 3, 3, 4, 2);
  std::shared_ptr<const TransformerShape> shape =
      std::make_shared<const TransformerShape>(context, setting.options);
  AutogradTransformer reference{shape, reference_options()};
  Wanted wanted{.entropy = true, .value = setting.options.value_head};
};

TEST_P(TransformerReference, MatchesFiniteDifferencesAlongEveryView) {
  std::vector<double> parameters = random_transformer<double>(*shape, 5);
  const TokenBatch batch = random_batch(context, setting.cases, 7);
  QuantityLoss loss(wanted);
  const std::vector<double> gradient =
      reference_gradient(reference, parameters, batch, wanted, loss);
  const auto value_at = [&](std::span<const double> at) {
    QuantityLoss seen(wanted);
    const LaneStep lane{{}, &batch, {}, wanted, &seen, {}};
    reference.accumulate(leaf_of(at, false), std::span(&lane, 1));
    return QuantityLoss::value(batch, seen.seen);
  };
  const std::vector<double> directions = random_parameters<double>(shape->parameters, 9, 1.0);
  constexpr double kStep = 1e-6;
  for (const ParameterView& view : shape->layout) {
    std::vector<double> up = parameters, down = parameters;
    double slope = 0, scale = 0;
    for (std::int64_t i = view.offset; i < view.offset + view.size; ++i) {
      up[i] += kStep * directions[i];
      down[i] -= kStep * directions[i];
      slope += directions[i] * gradient[i];
      scale += std::abs(directions[i] * gradient[i]);
    }
    ASSERT_GT(scale, 0) << view.name;
    EXPECT_NEAR((value_at(up) - value_at(down)) / (2 * kStep), slope, 1e-6 * (scale + 1))
        << view.name;
  }
}

// Two implementations that share nothing but the equations.
TEST_P(TransformerReference, EqualsTheFusedOneInFloat64) {
  const std::vector<double> parameters = random_transformer<double>(*shape, 5);
  const TokenBatch batch = random_batch(context, setting.cases + 5, 11);
  QuantityLoss loss(wanted), fused_loss(wanted);
  const std::vector<double> gradient =
      reference_gradient(reference, parameters, batch, wanted, loss);
  const WeightPlan plan(*shape);
  FusedWorkspace<double> workspace(*shape, plan);
  workspace.pass.weights().load<double>(parameters, true);
  workspace.step(batch, {}, wanted, fused_loss);
  std::vector<double> unloaded(parameters.size());
  workspace.pass.weights().unload(unloaded);
  EXPECT_LT(relative_distance(unloaded, gradient), 1e-11);
  EXPECT_LT(relative_distance(fused_loss.seen.log_prob, loss.seen.log_prob), 1e-12);
  EXPECT_LT(relative_distance(fused_loss.seen.entropy, loss.seen.entropy), 1e-12);
  if (wanted.value) {
    EXPECT_LT(relative_distance(fused_loss.seen.value, loss.seen.value), 1e-12);
  }
}

// Float32 against float64, from the same float32 parameters of an ordinary size.
TEST_P(TransformerReference, FusedFloat32IsWithinOnePartIn100000) {
  std::vector<float> parameters = random_parameters<float>(shape->parameters, 5, 0.1);
  for (const ParameterView& view : shape->layout) {
    if (view.name.find("norm") == std::string::npos) continue;
    for (std::int64_t i = 0; i < view.size; ++i) parameters[view.offset + i] += 1.0F;
  }
  const std::vector<double> wide(parameters.begin(), parameters.end());
  const TokenBatch batch = random_batch(context, 50, 13);
  QuantityLoss loss(wanted);
  const std::vector<double> gradient = reference_gradient(reference, wide, batch, wanted, loss);
  const AutogradTransformer narrow(shape, at::TensorOptions().dtype(at::kFloat));
  const auto fused = make_fused_transformer(shape);
  for (const Policy* policy : {fused.get(), static_cast<const Policy*>(&narrow)}) {
    const auto room = policy->workspace();
    std::vector<float> out(parameters.size());
    QuantityLoss seen(wanted);
    policy->step(parameters, batch, {}, wanted, seen, out, *room);
    EXPECT_LT(relative_distance(out, gradient), 1e-5);
    EXPECT_LT(relative_distance(seen.seen.log_prob, loss.seen.log_prob), 1e-5);
  }
}

TEST_P(TransformerReference, SamplesAndDistributionsAreThoseOfTheFusedOne) {
  const auto fused = make_fused_transformer(shape);
  const auto room = fused->workspace();
  const std::vector<float> parameters = random_transformer<float>(*shape, 5);
  constexpr int kCount = 60;
  const std::vector<float> images = random_images(kCount, context.channels, 21);
  for (const bool thinking : {true, false}) {
    SamplingOptions options;
    options.greedy = false;
    options.temperature = 0.8;
    options.top_p = 0.9;
    options.thinking = thinking;
    std::vector<Sample> a, b;
    fused->sample(parameters, images, kCount, options, test_stream(3), 4, a, *room);
    reference.sample(parameters, images, kCount, options, test_stream(3), 4, b, *room);
    for (int i = 0; i < kCount; ++i) {
      ASSERT_EQ(a[i].trajectory.tokens, b[i].trajectory.tokens) << i;
      ASSERT_EQ(a[i].trajectory.mask, b[i].trajectory.mask) << i;
      ASSERT_EQ(a[i].disease, b[i].disease) << i;
      for (std::size_t t = 0; t < a[i].log_prob.size(); ++t) {
        ASSERT_NEAR(a[i].log_prob[t], b[i].log_prob[t], 2e-5) << i;
      }
    }
  }
  const TokenBatch batch = random_batch(context, 30, 17);
  Distributions left, right;
  fused->distribution(parameters, batch, left, *room);
  reference.distribution(parameters, batch, right, *room);
  ASSERT_EQ(left.log_prob.size(), right.log_prob.size());
  for (std::size_t i = 0; i < left.log_prob.size(); ++i) {
    if (std::isinf(left.log_prob[i])) {
      ASSERT_EQ(left.log_prob[i], right.log_prob[i]) << i;
    } else {
      ASSERT_NEAR(left.log_prob[i], right.log_prob[i], 2e-5) << i;
    }
  }
  for (std::size_t i = 0; i < left.belief.size(); ++i) {
    ASSERT_NEAR(left.belief[i], right.belief[i], 2e-5) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Options, TransformerReference, testing::ValuesIn(transformer_settings()),
                         [](const auto& about) { return about.param.name; });

}  // namespace
}  // namespace tightrope
