// SPDX-License-Identifier: Apache-2.0
// The fused transformer's gradients against central differences in float64, for every option.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/policies/transformer_fixtures.h"

namespace tightrope {
namespace {

struct Setting {
  std::string name;
  TransformerOptions options;
  int cases = 4;
  int categories = 2;
};

TransformerOptions tiny() {
  TransformerOptions out;
  out.layers = 2;
  out.width = 12;
  out.heads = 3;
  out.mlp_ratio = 2;
  out.image_tokens = 2;
  return out;
}

Setting with(const std::string& name, const std::function<void(TransformerOptions&)>& change,
             int cases = 4, int categories = 2) {
  Setting out{name, tiny(), cases, categories};
  change(out.options);
  return out;
}

std::vector<Setting> settings() {
  using O = TransformerOptions;
  return {
      with("default", [](O&) {}),
      with("one_layer", [](O& o) { o.layers = 1; }),
      with(
          "three_layers", [](O& o) { o.layers = 3; }, 2),
      with("rms", [](O& o) { o.norm = "rms"; }),
      with("swiglu", [](O& o) { o.activation = "swiglu"; }),
      with("rotary", [](O& o) { o.positions = "rotary"; }),
      with("tied", [](O& o) { o.head = "tied"; }),
      with("value_head", [](O& o) { o.value_head = true; }),
      with(
          "lora", [](O& o) { o.lora_rank = 2; }, 2),
      with("grammar_off", [](O& o) { o.grammar = false; }),
      with("one_image_token", [](O& o) { o.image_tokens = 1; }),
      with("odd_width", [](O& o) { o.width = 15, o.heads = 5, o.mlp_ratio = 1.6; }),
      with("one_head", [](O& o) { o.width = 10, o.heads = 1; }),
      with(
          "wide_heads", [](O& o) { o.width = 36, o.heads = 2, o.layers = 1; }, 1),
      with(
          "many_cases", [](O& o) { o.width = 6, o.heads = 2, o.layers = 1; }, 37, 0),
      with(
          "llama",
          [](O& o) {
            o.norm = "rms", o.activation = "swiglu", o.positions = "rotary", o.head = "tied";
            o.value_head = true, o.lora_rank = 3, o.width = 20, o.heads = 5, o.image_tokens = 3;
          },
          1),
  };
}

class TransformerGradient : public testing::TestWithParam<Setting> {};

TEST_P(TransformerGradient, MatchesFiniteDifferences) {
  const Setting& setting = GetParam();
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
  const std::span<const double> total = workspace.pass.weights().unload();
  const std::vector<double> gradient(total.begin(), total.end());

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

INSTANTIATE_TEST_SUITE_P(Options, TransformerGradient, testing::ValuesIn(settings()),
                         [](const auto& about) { return about.param.name; });

}  // namespace
}  // namespace tightrope
