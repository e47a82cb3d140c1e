// SPDX-License-Identifier: Apache-2.0
// Sampled trajectories of the transformer against its exact laws.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "core/base/math.h"
#include "policies/sampling_rule.h"
#include "policies/transformer/backends.h"
#include "tests/policies/transformer_fixtures.h"

namespace tightrope {
namespace {

struct TransformerSampling : testing::Test {
  // Small enough that every grammatical trajectory can be listed.
  PolicyContext context = small_context(2, 2, 2, 3, 2);
  std::shared_ptr<const TransformerShape> shape = std::make_shared<const TransformerShape>(
      context, TransformerOptions{.width = 18, .heads = 3, .image_tokens = 2});
  std::shared_ptr<const Policy> policy = make_fused_transformer(shape);
  std::unique_ptr<Workspace> workspace = policy->workspace();
  std::vector<float> parameters = random_transformer<float>(*shape, 3);
  std::vector<float> image = random_images(1, 3, 4);

  std::vector<Sample> draw(int count, const SamplingOptions& options, std::uint32_t step = 0) {
    std::vector<float> images;
    for (int i = 0; i < count; ++i) images.insert(images.end(), image.begin(), image.end());
    std::vector<Sample> out;
    policy->sample(parameters, images, count, options, test_stream(9), step, out, *workspace);
    return out;
  }

  // log of the law that the options draw from at every prefix, multiplied out over trajectories.
  void enumerate(const SamplingOptions& options, std::vector<Token>& prefix, double log_prob,
                 std::map<std::vector<Token>, double>& out) {
    const Grammar& grammar = shape->grammar;
    Grammar::State state = grammar.start();
    for (const Token token : prefix) state = grammar.next(state, token);
    if (prefix.back() == context.vocabulary.end_of_sequence()) {
      out[prefix] = log_prob;
      return;
    }
    TokenBatch batch;
    batch.clear(context.channels);
    batch.add_case(image);
    Trajectory t;
    t.tokens = prefix;
    t.mask.assign(prefix.size(), 0);
    batch.add(t);
    Distributions laws;
    policy->distribution(parameters, batch, laws, *workspace);
    std::vector<double> law(laws.log_prob.end() - laws.vocabulary, laws.log_prob.end());
    std::vector<int> order;
    const TokenRange range = grammar.grammatical(state);
    std::vector<double> part(law.begin() + range.begin, law.begin() + range.end);
    SamplingOptions cut = options;
    shape_law(cut, part, order);
    for (int i = 0; i < range.size(); ++i) {
      if (std::isinf(part[i])) continue;
      prefix.push_back(range.begin + i);
      enumerate(options, prefix, log_prob + part[i], out);
      prefix.pop_back();
    }
  }
  std::map<std::vector<Token>, double> all_trajectories(const SamplingOptions& options) {
    std::map<std::vector<Token>, double> out;
    std::vector<Token> prefix = {context.vocabulary.think()};
    enumerate(options, prefix, 0, out);
    return out;
  }

  // Every sample's log-probs must be the exact ones, and their frequencies the law's (chi-square).
  void check_law(const SamplingOptions& options) {
    const auto law = all_trajectories(options);
    double total = 0;
    for (const auto& [tokens, log_prob] : law) total += std::exp(log_prob);
    ASSERT_NEAR(total, 1, 1e-5);
    constexpr int kCount = 40000;
    std::map<std::vector<Token>, int> counts;
    for (const Sample& sample : draw(kCount, options)) {
      const auto it = law.find(sample.trajectory.tokens);
      ASSERT_NE(it, law.end()) << "a trajectory outside the law";
      double log_prob = 0;
      for (const double value : sample.log_prob) log_prob += value;
      ASSERT_NEAR(log_prob, it->second, 2e-5);
      ++counts[sample.trajectory.tokens];
    }
    double distance = 0, rest = 0, rest_count = 0;
    int degrees = -1;
    for (const auto& [tokens, log_prob] : law) {
      const double expected = kCount * std::exp(log_prob);
      const auto it = counts.find(tokens);
      const double seen = it == counts.end() ? 0 : it->second;
      if (expected < 8) {
        rest += expected;
        rest_count += seen;
        continue;
      }
      distance += (seen - expected) * (seen - expected) / expected;
      ++degrees;
    }
    if (rest > 5) {
      distance += (rest_count - rest) * (rest_count - rest) / rest;
      ++degrees;
    }
    ASSERT_GT(degrees, 0);
    // 4.5 standard deviations of the normal approximation.
    EXPECT_LT(distance, degrees + 4.5 * std::sqrt(2.0 * degrees)) << degrees;
  }
};

TEST_F(TransformerSampling, PlainLaw) { check_law({.greedy = false}); }
TEST_F(TransformerSampling, Tempered) { check_law({.greedy = false, .temperature = 0.6}); }
TEST_F(TransformerSampling, TopK) { check_law({.greedy = false, .temperature = 1.5, .top_k = 2}); }
TEST_F(TransformerSampling, TopP) { check_law({.greedy = false, .top_p = 0.7}); }

TEST_F(TransformerSampling, CachedLogProbsAreThoseOfEvaluate) {
  const PolicyContext big = small_context(4, 6, 15, 9, 8);
  const auto large = std::make_shared<const TransformerShape>(
      big, TransformerOptions{.positions = "rotary", .head = "tied"});
  const auto sampler = make_fused_transformer(large);
  const auto room = sampler->workspace();
  const std::vector<float> weights = random_transformer<float>(*large, 8);
  constexpr int kCount = 150;  // more than two blocks, the last not full
  const std::vector<float> images = random_images(kCount, 9, 2);
  std::vector<Sample> samples;
  sampler->sample(weights, images, kCount, {.greedy = false}, test_stream(3), 7, samples, *room);
  TokenBatch batch;
  batch.clear(9);
  for (int b = 0; b < kCount; ++b) {
    batch.add_case(std::span(images).subspan(static_cast<std::size_t>(b) * 9, 9));
    batch.add(samples[b].trajectory);
  }
  TokenQuantities at;
  sampler->evaluate(weights, batch, {}, at, *room);
  for (int b = 0; b < kCount; ++b) {
    for (int t = 1; t < batch.length(b); ++t) {
      if (batch.mask[batch.offset[b] + t] == 0) continue;
      ASSERT_NEAR(samples[b].log_prob[t], at.log_prob[batch.offset[b] + t], 3e-5) << b << " " << t;
    }
  }
  // A part of the images gives the same rows.
  std::vector<Sample> few;
  sampler->sample(weights, images, 5, {.greedy = false}, test_stream(3), 7, few, *room);
  for (int b = 0; b < 5; ++b) {
    EXPECT_EQ(few[b].trajectory.tokens, samples[b].trajectory.tokens);
    EXPECT_EQ(few[b].log_prob, samples[b].log_prob);
  }
}

TEST_F(TransformerSampling, GreedyTakesTheMostProbable) {
  const Sample sample = draw(1, {.greedy = true}).front();
  std::map<std::vector<Token>, double> law = all_trajectories({.greedy = false, .top_k = 1});
  ASSERT_EQ(law.size(), 1u);
  EXPECT_EQ(sample.trajectory.tokens, law.begin()->first);
}

TEST_F(TransformerSampling, AnswersAtOnceWhenNotThinking) {
  std::vector<double> frequency(2), belief;
  constexpr int kCount = 20000;
  for (const Sample& sample : draw(kCount, {.greedy = false, .thinking = false})) {
    ASSERT_EQ(sample.trajectory.tokens.size(), 4u);
    EXPECT_EQ(sample.trajectory.tokens[1], context.vocabulary.answer_now());
    EXPECT_EQ(sample.log_prob[1], 0);
    ++frequency[sample.disease];
  }
  TokenBatch batch;
  batch.clear(3);
  batch.add_case(image);
  batch.add({{context.vocabulary.think()}, {0}});
  Distributions laws;
  policy->distribution(parameters, batch, laws, *workspace);
  const double p = std::exp(laws.belief[0]);
  EXPECT_NEAR(frequency[0] / kCount, p, 4.5 * std::sqrt(p * (1 - p) / kCount));
}

}  // namespace
}  // namespace tightrope
