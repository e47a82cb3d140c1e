// SPDX-License-Identifier: Apache-2.0
// All complete trajectories have probability 1 in all under every policy whose mask is on.
#include "core/api/enumeration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/policies/fixtures.h"

namespace tightrope {
namespace {

// The probability of all complete trajectories for each of three random images.
std::vector<double> mass(const std::string& yaml, int categories, bool thinking) {
  const PolicyContext context = small_context(categories, 3, 3, 4, 2);
  const auto policy = build_policy(yaml, context);
  const std::vector<float> parameters =
      random_parameters<float>(policy->parameter_count(), 11, 0.5);
  const std::vector<float> images = random_images(3, context.channels, 5);
  const Grammar grammar(context.vocabulary, context.max_mentions);
  TokenBatch batch;
  batch.clear(context.channels);
  for (int b = 0; b < 3; ++b) {
    batch.add_case(std::span(images).subspan(b * context.channels, context.channels));
    for (const Trajectory& y : enumerate_trajectories(grammar, thinking, 4096)) batch.add(y);
  }
  TokenQuantities out;
  const auto workspace = policy->workspace();
  policy->evaluate(parameters, batch, {}, out, *workspace);
  std::vector<double> total(3, 0.0);
  for (int b = 0; b < 3; ++b) {
    for (int n = batch.group_begin[b]; n < batch.group_begin[b + 1]; ++n) {
      double log_prob = 0;
      for (int t = batch.offset[n]; t < batch.offset[n + 1]; ++t) {
        if (batch.mask[t] != 0) log_prob += out.log_prob[t];
      }
      total[b] += std::exp(log_prob);
    }
  }
  return total;
}

TEST(Enumeration, ProbabilitiesSumToOne) {
  for (const char* yaml :
       {"{type: tabular}", "{type: log_linear}",
        "{type: log_linear, answer_absolute: true, answer_units: 6, gate: true}",
        "{type: log_linear, chain: slot}",
        "{type: transformer, layers: 1, width: 16, heads: 2, image_tokens: 1}"}) {
    for (const int categories : {0, 2}) {
      for (const bool thinking : {true, false}) {
        for (const double p : mass(yaml, categories, thinking)) {
          EXPECT_NEAR(p, 1, 2e-6) << yaml << " " << categories << " " << thinking;
        }
      }
    }
  }
}

// With the mask off some probability lies outside the grammar: enumeration cannot see it.
TEST(Enumeration, WithoutTheMaskTheyDoNot) {
  for (const double p : mass("{type: log_linear, grammar: false}", 0, true)) EXPECT_LT(p, 0.5);
}

}  // namespace
}  // namespace tightrope
