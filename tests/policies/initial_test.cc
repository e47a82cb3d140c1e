// SPDX-License-Identifier: Apache-2.0
// Initial weights and refusals of the registered policies.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "tests/policies/fixtures.h"

namespace tightrope {
namespace {

std::vector<float> initial(const Policy& policy, std::uint64_t seed) {
  std::vector<float> out(policy.parameter_count(), 5.0F);
  policy.initialise(Stream(1, Purpose::kInitial, seed), out);
  return out;
}

TEST(Initial, OnlyHiddenUnitsAreRandom) {
  const PolicyContext context = small_context(2, 12, 25, 25, 8);
  for (const char* yaml : {"{type: log_linear, answer_units: 48, gate: true}",
                           "{type: log_linear, chain: slot, answer_units: 48, gate: true}"}) {
    const auto policy = build_policy(yaml, context);
    const std::vector<float> weights = initial(*policy, 7);
    EXPECT_EQ(weights, initial(*policy, 7));
    EXPECT_NE(weights, initial(*policy, 8));
    const std::map<std::string, double> deviations = {{"unit_weights", 1 / std::sqrt(25.0)},
                                                      {"unit_tokens", 0.5 / std::sqrt(25.0)},
                                                      {"unit_bias", 0.2},
                                                      {"unit_output", 0.3 / std::sqrt(48.0)}};
    std::size_t seen = 0;
    for (const ParameterView& view : policy->layout()) {
      double sum = 0, squares = 0;
      for (std::int64_t i = view.offset; i < view.offset + view.size; ++i) {
        sum += weights[i];
        squares += weights[i] * weights[i];
      }
      const auto found = deviations.find(view.name);
      if (found == deviations.end()) {
        EXPECT_EQ(squares, 0) << view.name;
        continue;
      }
      ++seen;
      const double n = static_cast<double>(view.size);
      const double tolerance = 5 / std::sqrt(n);
      EXPECT_NEAR(sum / n / found->second, 0, tolerance) << view.name;
      EXPECT_NEAR(std::sqrt(squares / n) / found->second, 1, tolerance) << view.name;
    }
    EXPECT_EQ(seen, 4U);
  }
}

// The critic and the adapters' second factor start at 0, so that neither changes anything at first.
TEST(Initial, TransformerValueHeadAndAdaptersStartWithoutEffect) {
  const PolicyContext context = small_context(0, 3, 4, 4, 3);
  const auto policy = build_policy(
      "{type: transformer, width: 8, heads: 2, value_head: true, lora_rank: 2}", context);
  const std::vector<float> weights = initial(*policy, 7);
  int seen = 0;
  for (const ParameterView& view : policy->layout()) {
    double squares = 0;
    for (std::int64_t i = view.offset; i < view.offset + view.size; ++i) {
      squares += weights[i] * weights[i];
    }
    const bool zero = view.name == "value_head" || view.name.ends_with(".lora_b");
    EXPECT_EQ(squares == 0, zero) << view.name;
    seen += zero ? 1 : 0;
  }
  EXPECT_EQ(seen, 9);  // two layers of four matrices, and the value head
}

TEST(Initial, UniformLawsWithoutUnits) {
  const PolicyContext context = small_context(0, 3, 2, 2, 2);
  for (const char* yaml : {"{type: log_linear}", "{type: tabular}"}) {
    const auto policy = build_policy(yaml, context);
    for (const float value : initial(*policy, 1)) EXPECT_EQ(value, 0);
  }
}

TEST(Refusals, TabularNamesTheSizes) {
  try {
    build_policy("{type: tabular}", small_context(0, 12, 53, 53, 18));
    FAIL();
  } catch (const InputError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("53 contexts, 175 tokens and up to 18 mentions"), std::string::npos)
        << text;
    EXPECT_NE(text.find("1000000 parameters"), std::string::npos) << text;
  }
}

TEST(Refusals, SlotChainHasNoMaskToSwitchOff) {
  EXPECT_THROW(
      build_policy("{type: log_linear, chain: slot, grammar: false}", small_context(0, 3, 2, 2, 2)),
      InputError);
}

}  // namespace
}  // namespace tightrope
