// SPDX-License-Identifier: Apache-2.0
// What shared prefixes, chunks and neighbours must not change.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "policies/transformer/backends.h"
#include "tests/policies/transformer_fixtures.h"

namespace tightrope {
namespace {

struct TransformerTree : testing::Test {
  PolicyContext context = small_context(2, 3, 4, 5, 3);
  TransformerOptions options{.width = 24, .heads = 3, .value_head = true, .lora_rank = 2};
  std::shared_ptr<const TransformerShape> shape =
      std::make_shared<const TransformerShape>(context, options);
  std::shared_ptr<const Policy> policy = make_fused_transformer(shape);
  std::unique_ptr<Workspace> workspace = policy->workspace();
  std::vector<float> parameters = random_transformer<float>(*shape, 3);
  Wanted all{.entropy = true, .value = true};

  std::vector<float> gradient_of(const TokenBatch& batch) {
    std::vector<float> out(parameters.size());
    QuantityLoss loss(all);
    policy->step(parameters, batch, {}, all, loss, out, *workspace);
    return out;
  }
  // Cases that hold one trajectory each, with the image of their case repeated.
  static TokenBatch split(const TokenBatch& batch) {
    TokenBatch out;
    out.clear(batch.channels);
    for (int b = 0; b < batch.cases(); ++b) {
      for (int n = batch.group_begin[b]; n < batch.group_begin[b + 1]; ++n) {
        Trajectory one;
        one.tokens.assign(batch.tokens_of(n).begin(), batch.tokens_of(n).end());
        one.mask.assign(batch.mask.begin() + batch.offset[n],
                        batch.mask.begin() + batch.offset[n + 1]);
        out.add_case(batch.image(b));
        out.add(one);
      }
    }
    return out;
  }
};

TEST_F(TransformerTree, SharedPrefixesChangeNothing) {
  const TokenBatch batch = random_batch(context, 40, 11);
  const TokenBatch alone = split(batch);
  ASSERT_GT(alone.cases(), batch.cases());
  TokenQuantities shared, separate;
  policy->evaluate(parameters, batch, all, shared, *workspace);
  policy->evaluate(parameters, alone, all, separate, *workspace);
  for (std::size_t i = 0; i < shared.log_prob.size(); ++i) {
    ASSERT_NEAR(shared.log_prob[i], separate.log_prob[i], 1e-5) << i;
    ASSERT_NEAR(shared.entropy[i], separate.entropy[i], 1e-5) << i;
    ASSERT_NEAR(shared.value[i], separate.value[i], 2e-5) << i;
  }
  EXPECT_LT(relative_distance(gradient_of(batch), gradient_of(alone)), 1e-5);
}

TEST_F(TransformerTree, TreeOfAPairHoldsItsCommonBeginningOnce) {
  const std::vector<Slot> report = {Slot::kSynonym0, Slot::kSilent, Slot::kAbsent, Slot::kSilent};
  const Trajectory chosen = make_trajectory(context.vocabulary, report, 0, 1);
  const Trajectory rejected = make_trajectory(context.vocabulary, report, 0, 2);
  TokenBatch batch;
  batch.clear(context.channels);
  batch.add_case(random_images(1, context.channels, 1));
  batch.add(chosen);
  batch.add(rejected);
  TokenTree tree;
  tree.build(*shape, batch, 0, 1, Reads::kScored);
  // Everything but the diagnosis, after which only <eos> may follow: nothing reads its row.
  const int common = static_cast<int>(chosen.tokens.size()) - 2;
  EXPECT_EQ(tree.rows(), options.image_tokens + common);
  EXPECT_EQ(tree.cases(), 1);
}

TEST_F(TransformerTree, EvaluatesBitForBitAloneOrAmongOthers) {
  const TokenBatch batch = random_batch(context, 12, 13);
  TokenQuantities packed, alone;
  policy->evaluate(parameters, batch, all, packed, *workspace);
  for (int b = 0; b < batch.cases(); ++b) {
    TokenBatch one;
    one.clear(batch.channels);
    one.add_case(batch.image(b));
    for (int n = batch.group_begin[b]; n < batch.group_begin[b + 1]; ++n) {
      Trajectory t;
      t.tokens.assign(batch.tokens_of(n).begin(), batch.tokens_of(n).end());
      t.mask.assign(batch.mask.begin() + batch.offset[n], batch.mask.begin() + batch.offset[n + 1]);
      one.add(t);
    }
    policy->evaluate(parameters, one, all, alone, *workspace);
    const int begin = batch.offset[batch.group_begin[b]];
    for (std::size_t i = 0; i < alone.log_prob.size(); ++i) {
      ASSERT_EQ(alone.log_prob[i], packed.log_prob[begin + i]);
      ASSERT_EQ(alone.value[i], packed.value[begin + i]);
    }
  }
}

TEST_F(TransformerTree, NotANumberStaysInItsCase) {
  TokenBatch batch = random_batch(context, 6, 17);
  TokenQuantities clean, spoilt;
  policy->evaluate(parameters, batch, all, clean, *workspace);
  batch.images[2 * static_cast<std::size_t>(batch.channels)] =
      std::numeric_limits<float>::quiet_NaN();
  policy->evaluate(parameters, batch, all, spoilt, *workspace);
  bool seen = false;
  for (int b = 0; b < batch.cases(); ++b) {
    for (int i = batch.offset[batch.group_begin[b]]; i < batch.offset[batch.group_begin[b + 1]];
         ++i) {
      if (b == 2) {
        seen = seen || std::isnan(spoilt.log_prob[i]);
      } else {
        ASSERT_EQ(clean.log_prob[i], spoilt.log_prob[i]) << b;
      }
    }
  }
  EXPECT_TRUE(seen);
  policy->evaluate(parameters, random_batch(context, 6, 17), all, spoilt, *workspace);
  EXPECT_EQ(clean.log_prob, spoilt.log_prob);  // the workspace holds nothing of it
}

TEST_F(TransformerTree, SameGradientFromAUsedWorkspace) {
  const TokenBatch batch = random_batch(context, 20, 19);
  const std::vector<float> first = gradient_of(batch);
  gradient_of(random_batch(context, 33, 20));
  EXPECT_EQ(first, gradient_of(batch));
}

TEST_F(TransformerTree, EntropyAtStepZeroIsThatOfTheAllowedTokens) {
  TransformerOptions big;
  for (const std::string head : {"untied", "tied"}) {
    big.head = head;
    const auto fresh = std::make_shared<const TransformerShape>(context, big);
    const auto start = make_fused_transformer(fresh);
    std::vector<float> weights(start->parameter_count());
    start->initialise(Stream(3, Purpose::kInitial, 0), weights);
    const TokenBatch batch = random_batch(context, 30, 23);
    Distributions laws;
    const auto room = start->workspace();
    start->distribution(weights, batch, laws, *room);
    double entropy = 0, largest = 0;
    for (std::size_t row = 0; row < batch.tokens.size(); ++row) {
      int allowed = 0;
      for (int v = 0; v < laws.vocabulary; ++v) {
        const double log_prob = laws.log_prob[row * laws.vocabulary + v];
        if (std::isinf(log_prob)) continue;
        entropy -= std::exp(log_prob) * log_prob;
        ++allowed;
      }
      largest += allowed > 0 ? std::log(allowed) : 0.0;
    }
    EXPECT_NEAR(entropy, largest, 0.01 * largest) << head;
  }
}

// Large activations overflow an exponential that is not guarded.
TEST_F(TransformerTree, StaysFiniteWithLargeActivations) {
  for (const std::string activation : {"gelu", "swiglu"}) {
    options.activation = activation;
    const auto large = std::make_shared<const TransformerShape>(context, options);
    const auto wild = make_fused_transformer(large);
    const auto room = wild->workspace();
    const std::vector<float> weights = random_parameters<float>(large->parameters, 3, 8.0);
    TokenQuantities at;
    wild->evaluate(weights, random_batch(context, 30, 31), all, at, *room);
    for (const double log_prob : at.log_prob) ASSERT_TRUE(std::isfinite(log_prob)) << activation;
  }
}

TEST_F(TransformerTree, DistributionsAgreeWithEvaluate) {
  const TokenBatch batch = random_batch(context, 25, 29);
  TokenQuantities at;
  Distributions laws;
  policy->evaluate(parameters, batch, all, at, *workspace);
  policy->distribution(parameters, batch, laws, *workspace);
  for (int n = 0; n < batch.trajectories(); ++n) {
    for (int i = batch.offset[n] + 1; i < batch.offset[n + 1]; ++i) {
      const double* law = &laws.log_prob[static_cast<std::size_t>(i - 1) * laws.vocabulary];
      if (batch.mask[i] != 0) {
        ASSERT_NEAR(law[batch.tokens[i]], at.log_prob[i], 1e-5);
      }
    }
  }
}

}  // namespace
}  // namespace tightrope
