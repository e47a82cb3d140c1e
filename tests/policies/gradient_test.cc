// SPDX-License-Identifier: Apache-2.0
// Hand-written gradients against central differences in float64, for every option.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "policies/kernels/kernels.h"
#include "policies/kernels/tabular_kernel.h"
#include "policies/parameter_layout.h"
#include "tests/policies/fixtures.h"

namespace tightrope {
namespace {

double loss_at(LawKernel<double>& kernel, std::span<const double> parameters,
               const TokenBatch& batch) {
  std::vector<double> log_prob(batch.tokens.size());
  run_evaluate<double>(kernel, parameters, batch, log_prob);
  return TestLoss::value(batch, log_prob);
}

void check_kernel(LawKernel<double>& kernel, const std::vector<ParameterView>& layout,
                  const PolicyContext& context, std::uint64_t seed, int cases) {
  std::vector<double> parameters = random_parameters<double>(total_size(layout), seed);
  const TokenBatch batch = random_batch(context, cases, seed);
  std::vector<double> gradient(parameters.size(), 0.25), log_prob, d_log_prob;  // is added to
  TestLoss loss;
  run_step<double>(kernel, parameters, batch, {}, loss, gradient, log_prob, d_log_prob);
  EXPECT_EQ(loss.cases, cases);
  double largest = 0;
  for (double& value : gradient) {
    value -= 0.25;
    largest = std::max(largest, std::abs(value));
  }
  EXPECT_GT(largest, 0.1);
  constexpr double kStep = 1e-5;
  for (const ParameterView& view : layout) {
    for (std::int64_t i = view.offset; i < view.offset + view.size; ++i) {
      const double before = parameters[i];
      parameters[i] = before + kStep;
      const double up = loss_at(kernel, parameters, batch);
      parameters[i] = before - kStep;
      const double down = loss_at(kernel, parameters, batch);
      parameters[i] = before;
      ASSERT_NEAR((up - down) / (2 * kStep), gradient[i], 1e-6 * largest)
          << view.name << " " << i - view.offset;
    }
  }
}

void check_gradient(const PolicyContext& context, const LogLinearOptions& options,
                    std::uint64_t seed, int cases = 7) {
  const auto shape = std::make_shared<const LogLinearShape>(context, options);
  check_kernel(*make_log_linear_kernel<double>(shape), shape->layout, context, seed, cases);
}

TEST(Gradient, TokenChain) { check_gradient(small_context(0, 3, 4, 5, 3), {}, 1); }
TEST(Gradient, TokenChainWithCategories) { check_gradient(small_context(2, 3, 4, 5, 3), {}, 2); }
TEST(Gradient, ManyAttributes) { check_gradient(small_context(0, 4, 9, 2, 7), {}, 3); }
// More cases than one block of the kernels holds.
TEST(Gradient, ManyCases) { check_gradient(small_context(0, 3, 3, 3, 2), {}, 30, 37); }
TEST(Gradient, NoAttributes) { check_gradient(small_context(0, 3, 0, 2, 0), {}, 4); }
TEST(Gradient, GrammarOff) { check_gradient(small_context(2, 3, 4, 3, 3), {.grammar = false}, 5); }
TEST(Gradient, AnswerAbsolute) {
  check_gradient(small_context(0, 3, 4, 5, 3), {.answer_absolute = true}, 6);
}
TEST(Gradient, BagScaleAndClamp) {
  check_gradient(small_context(0, 3, 4, 5, 3), {.bag_scale = -1.5, .clamp = 0.3}, 7);
}
TEST(Gradient, Units) { check_gradient(small_context(2, 3, 4, 5, 3), {.answer_units = 5}, 8); }
TEST(Gradient, Gate) { check_gradient(small_context(0, 3, 4, 5, 3), {.gate = true}, 9); }
TEST(Gradient, Everything) {
  check_gradient(small_context(2, 3, 4, 5, 3),
                 {.answer_absolute = true, .answer_units = 17, .gate = true}, 10);
}
TEST(Gradient, EverythingGrammarOff) {
  check_gradient(small_context(2, 3, 4, 3, 3), {.grammar = false, .answer_units = 4, .gate = true},
                 11);
}

TEST(Gradient, SlotChain) { check_gradient(small_context(0, 3, 4, 5, 3), {.chain = "slot"}, 12); }
TEST(Gradient, SlotChainWithCategories) {
  check_gradient(small_context(3, 4, 5, 5, 4), {.chain = "slot", .answer_absolute = true}, 13);
}
TEST(Gradient, SlotChainManyAttributes) {
  check_gradient(small_context(0, 3, 19, 2, 8), {.chain = "slot", .gate = true}, 14);
}
TEST(Gradient, SlotChainNoAttributes) {
  check_gradient(small_context(0, 3, 0, 2, 0), {.chain = "slot"}, 15);
}
TEST(Gradient, SlotChainManyCases) {
  check_gradient(small_context(2, 3, 3, 3, 2), {.chain = "slot"}, 31, 37);
}
TEST(Gradient, Tabular) {
  const PolicyContext context = small_context(2, 3, 2, 3, 2);
  const Grammar grammar(context.vocabulary, context.max_mentions);
  const auto states = std::make_shared<const PrefixStates>(context.vocabulary, grammar, 10000);
  ASSERT_TRUE(states->ok());
  std::vector<ParameterView> layout;
  add_view(layout, "logits", {context.channels, states->size(), context.vocabulary.size()});
  TabularKernel<double> kernel(context.vocabulary, states, context.channels);
  check_kernel(kernel, layout, context, 32, 37);
}
TEST(Gradient, SlotChainEverything) {
  check_gradient(small_context(2, 3, 4, 5, 3),
                 {.chain = "slot", .answer_absolute = true, .answer_units = 6, .gate = true}, 16);
}

}  // namespace
}  // namespace tightrope
