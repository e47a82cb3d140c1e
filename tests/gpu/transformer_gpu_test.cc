// SPDX-License-Identifier: Apache-2.0
// The transformer on a CUDA device against the CPU; every test is skipped, with the reason, where
// there is no device. Stated tolerance: 1e-4 of the norm of log-probs and gradients in float32.
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/check.h"
#include "policies/transformer/backends.h"
#include "tests/policies/transformer_fixtures.h"

namespace tightrope {
namespace {

constexpr double kTolerance = 1e-4;

class TransformerGpu : public testing::TestWithParam<TransformerSetting> {
 protected:
  void SetUp() override {
    cpu = make_autograd_transformer(shape, "float32", "cpu");
    try {
      gpu = make_autograd_transformer(shape, "float32", "cuda");
    } catch (const InputError& error) {
      GTEST_SKIP() << error.what();
    }
  }
  const TransformerSetting& setting = GetParam();
  PolicyContext context = small_context(setting.categories, 3, 4, 5, 3);
  std::shared_ptr<const TransformerShape> shape =
      std::make_shared<const TransformerShape>(context, setting.options);
  Wanted wanted{.entropy = true, .value = setting.options.value_head};
  std::vector<float> parameters = random_transformer<float>(*shape, 5);
  std::shared_ptr<const Policy> cpu, gpu;
};

TEST_P(TransformerGpu, GradientsAreTheCpus) {
  const TokenBatch batch = random_batch(context, 60, 7);
  std::vector<float> gradients[2];
  TokenQuantities seen[2];
  for (const bool on_gpu : {false, true}) {
    const Policy& policy = on_gpu ? *gpu : *cpu;
    const auto room = policy.workspace();
    QuantityLoss loss(wanted);
    gradients[on_gpu].resize(shape->parameters);
    policy.step(parameters, batch, {}, wanted, loss, gradients[on_gpu], *room);
    seen[on_gpu] = loss.seen;
  }
  EXPECT_LT(relative_distance(gradients[1], gradients[0]), kTolerance);
  EXPECT_LT(relative_distance(seen[1].log_prob, seen[0].log_prob), kTolerance);
  EXPECT_LT(relative_distance(seen[1].entropy, seen[0].entropy), kTolerance);
}

TEST_P(TransformerGpu, LanesAreAsIfAlone) {
  constexpr int kLanes = 5;
  std::vector<TokenBatch> batches;
  std::vector<std::vector<float>> lanes, together(kLanes);
  for (int l = 0; l < kLanes; ++l) {
    batches.push_back(random_batch(context, 3 + 7 * l, 20 + l));
    lanes.push_back(random_transformer<float>(*shape, 5 + l));
    together[l].resize(shape->parameters);
  }
  std::vector<QuantityLoss> losses(kLanes, QuantityLoss(wanted));
  std::vector<LaneStep> steps;
  for (int l = 0; l < kLanes; ++l) {
    steps.push_back({lanes[l], &batches[l], {}, wanted, &losses[l], together[l]});
  }
  const auto room = gpu->workspace();
  gpu->step_lanes(steps, *room);
  for (int l = 0; l < kLanes; ++l) {
    std::vector<float> alone(shape->parameters);
    QuantityLoss loss(wanted);
    gpu->step(lanes[l], batches[l], {}, wanted, loss, alone, *room);
    EXPECT_LT(relative_distance(together[l], alone), kTolerance) << l;
  }
}

TEST_P(TransformerGpu, SamplesAndDistributionsAreTheCpus) {
  constexpr int kCount = 60;
  const std::vector<float> images = random_images(kCount, context.channels, 21);
  std::vector<Sample> samples[2];
  Distributions laws[2];
  const TokenBatch batch = random_batch(context, 30, 17);
  for (const bool on_gpu : {false, true}) {
    const Policy& policy = on_gpu ? *gpu : *cpu;
    const auto room = policy.workspace();
    policy.sample(parameters, images, kCount, {.greedy = false, .temperature = 0.8, .top_p = 0.9},
                  test_stream(3), 4, samples[on_gpu], *room);
    policy.distribution(parameters, batch, laws[on_gpu], *room);
  }
  int same = 0;  // a draw at the edge between two tokens may fall on the other side
  for (int i = 0; i < kCount; ++i) {
    same += samples[0][i].trajectory.tokens == samples[1][i].trajectory.tokens ? 1 : 0;
  }
  EXPECT_GE(same, kCount - 1);
  for (std::size_t i = 0; i < laws[0].belief.size(); ++i) {
    ASSERT_NEAR(laws[0].belief[i], laws[1].belief[i], 1e-4 * (1 + std::abs(laws[0].belief[i])));
  }
}

INSTANTIATE_TEST_SUITE_P(Options, TransformerGpu, testing::ValuesIn(transformer_settings()),
                         [](const auto& about) { return about.param.name; });

}  // namespace
}  // namespace tightrope
