// SPDX-License-Identifier: Apache-2.0
// Lanes of the autograd transformer that are stepped in one graph, and the way to it.
#include <ATen/Context.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/check.h"
#include "policies/transformer/backends.h"
#include "tests/torch/transformer_fixtures.h"

namespace tightrope {
namespace {

struct TransformerLanes : testing::Test {
  PolicyContext context = small_context(2, 3, 4, 5, 3);
  std::shared_ptr<const TransformerShape> shape =
      std::make_shared<const TransformerShape>(context, tiny_transformer());
  AutogradTransformer policy{shape, at::TensorOptions().dtype(at::kFloat)};
  static constexpr int kLanes = 3;
  std::vector<std::vector<float>> parameters;
  // The last two are larger than one graph holds.
  std::vector<TokenBatch> batches = {random_batch(context, 3, 1), random_batch(context, 900, 2),
                                     random_batch(context, 1300, 3)};
  TransformerLanes() {
    for (int l = 0; l < kLanes; ++l) parameters.push_back(random_transformer<float>(*shape, 5 + l));
  }

  std::vector<std::vector<float>> together() const {
    std::vector<std::vector<float>> out(kLanes, std::vector<float>(shape->parameters));
    std::vector<QuantityLoss> losses(kLanes, QuantityLoss(Wanted{.entropy = true}));
    std::vector<LaneStep> lanes;
    for (int l = 0; l < kLanes; ++l) {
      lanes.push_back({parameters[l], &batches[l], {}, {.entropy = true}, &losses[l], out[l]});
    }
    policy.step_lanes(lanes, *policy.workspace());
    return out;
  }
};

TEST_F(TransformerLanes, EachIsAsIfAlone) {
  const std::vector<std::vector<float>> packed = together();
  const auto room = policy.workspace();
  for (int l = 0; l < kLanes; ++l) {
    std::vector<float> alone(shape->parameters);
    QuantityLoss loss(Wanted{.entropy = true});
    policy.step(parameters[l], batches[l], {}, {.entropy = true}, loss, alone, *room);
    EXPECT_LT(relative_distance(packed[l], alone), 1e-5) << l;
  }
}

TEST_F(TransformerLanes, ADivergedOneLeavesTheOthersAlone) {
  parameters[1][0] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<std::vector<float>> out = together();
  const auto all_finite = [](const std::vector<float>& x) {
    return std::all_of(x.begin(), x.end(), [](float v) { return std::isfinite(v); });
  };
  EXPECT_TRUE(all_finite(out[0]));
  EXPECT_FALSE(all_finite(out[1]));
  EXPECT_TRUE(all_finite(out[2]));
}

TEST_F(TransformerLanes, FactoryKnowsPrecisionAndDevice) {
  const TokenBatch batch = random_batch(context, 9, 4);
  TokenQuantities narrow, wide;
  for (const bool twice : {false, true}) {
    const auto made = make_autograd_transformer(shape, twice ? "float64" : "float32", "cpu");
    const auto room = made->workspace();
    made->evaluate(parameters[0], batch, {}, twice ? wide : narrow, *room);
  }
  EXPECT_NE(narrow.log_prob, wide.log_prob);
  EXPECT_LT(relative_distance(narrow.log_prob, wide.log_prob), 1e-5);
}

TEST_F(TransformerLanes, CudaIsRefusedWhereThereIsNone) {
  try {
    make_autograd_transformer(shape, "float32", "cuda");
    if (!at::globalContext().hasCUDA()) FAIL() << "a CUDA policy without CUDA";
    GTEST_SKIP() << "a CUDA device is here";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("device cuda"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace tightrope
