// SPDX-License-Identifier: Apache-2.0
// What every registered policy must do, with its default options on two small worlds.
#include <gtest/gtest.h>

#include <cmath>

#include "core/api/policy.h"
#include "core/base/math.h"

namespace tightrope {
namespace {

struct Setting {
  std::string name;
  int categories;
};

void PrintTo(const Setting& setting, std::ostream* out) {
  *out << setting.name << " with " << setting.categories << " categories";
}

std::vector<Setting> settings() {
  std::vector<Setting> out;
  for (const std::string& name : Registry<PolicyModel>::get().names()) {
    out.push_back({name, 0});
    out.push_back({name, 2});
  }
  return out;
}

PolicyContext small_context(int categories) {
  Names names{{}, {"z0", "z1", "z2"}, {"a0", "a1"}};
  for (int g = 0; g < categories; ++g) names.categories.push_back("g" + std::to_string(g));
  return {Vocabulary(names), 3, 2};
}

// The gradient of the sum of all scored log-probs.
class SumLoss final : public Pullback {
 public:
  void operator()(const Group& group, GroupGradient gradient) override {
    for (std::size_t i = 0; i < group.log_prob.size(); ++i) {
      if (group.mask[i] != 0) total += group.log_prob[i];
      gradient.log_prob[i] += 1;
    }
    cases.push_back(group.first_case);
    count += group.cases();
    references += group.data.reference_log_prob.size();
  }
  double total = 0;
  int count = 0;
  std::size_t references = 0;
  std::vector<int> cases;
};

class PolicyConformance : public ::testing::TestWithParam<Setting> {
 protected:
  PolicyConformance() : context(small_context(GetParam().categories)) {
    Problems problems;
    policy = Registry<PolicyModel>::get()
                 .build(Node::scalar(GetParam().name), "policy", problems)
                 ->make(context);
    problems.throw_if_any();
    parameters.resize(policy->parameter_count(), 9.0F);
    policy->initialise(Stream(1, Purpose::kInitial, 3), parameters);
    workspace = policy->workspace();
    fill_batch();
  }

  void fill_batch() {
    Draws draws = Stream(1, Purpose::kProbe, 3).at(0);
    batch.clear(context.channels);
    for (int b = 0; b < 21; ++b) {
      std::vector<float> image(context.channels);
      for (float& v : image) v = static_cast<float>(draws.normal());
      batch.add_case(image);
      for (int n = 0; n < 2; ++n) {
        std::vector<Slot> report(2);
        for (Slot& slot : report) slot = static_cast<Slot>(draws.below(4));
        const int category = GetParam().categories > 0 ? static_cast<int>(draws.below(2)) : -1;
        const int disease = static_cast<int>(draws.below(3));
        batch.add(make_trajectory(context.vocabulary, report, category, disease,
                                  n == 1 && b % 4 == 0 ? Ending::kAnswerNow : Ending::kEndThink,
                                  n == 1 && b % 8 == 0 ? 0 : -1));
      }
    }
  }

  std::vector<double> evaluate() {
    TokenQuantities out;
    policy->evaluate(parameters, batch, {}, out, *workspace);
    return out.log_prob;
  }

  PolicyContext context;
  std::shared_ptr<const Policy> policy;
  std::vector<float> parameters;
  std::unique_ptr<Workspace> workspace;
  TokenBatch batch;
};

TEST_P(PolicyConformance, LayoutCoversTheParameters) {
  std::int64_t next = 0;
  for (const ParameterView& view : policy->layout()) {
    EXPECT_FALSE(view.name.empty());
    EXPECT_EQ(view.offset, next);
    std::int64_t size = 1;
    for (const int n : view.shape) size *= n;
    EXPECT_EQ(view.size, size);
    next += size;
  }
  EXPECT_EQ(next, policy->parameter_count());
}

TEST_P(PolicyConformance, InitialWeightsComeFromTheStreamAlone) {
  std::vector<float> again(parameters.size(), -1.0F);
  policy->initialise(Stream(1, Purpose::kInitial, 3), again);
  EXPECT_EQ(parameters, again);
}

TEST_P(PolicyConformance, GroupsAreWholeCasesInOrder) {
  std::vector<float> gradient(parameters.size());
  const std::vector<double> reference(batch.tokens.size(), -1.0);
  SumLoss loss;
  policy->step(parameters, batch, {.reference_log_prob = reference}, {}, loss, gradient,
               *workspace);
  EXPECT_EQ(loss.count, batch.cases());
  EXPECT_EQ(loss.references, batch.tokens.size());
  EXPECT_TRUE(std::is_sorted(loss.cases.begin(), loss.cases.end()));
  double total = 0;
  for (const double value : evaluate()) total += value;
  EXPECT_NEAR(loss.total, total, 1e-9 * std::abs(total));
}

TEST_P(PolicyConformance, GradientPointsUphill) {
  std::vector<float> gradient(parameters.size());
  SumLoss before, after;
  policy->step(parameters, batch, {}, {}, before, gradient, *workspace);
  double squared = 0;
  for (const float g : gradient) squared += static_cast<double>(g) * static_cast<double>(g);
  ASSERT_GT(squared, 0);
  const double step = 1e-2 / squared;  // the first-order change is then 0.01 nat
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    parameters[i] += static_cast<float>(step * gradient[i]);
  }
  std::vector<float> unused(parameters.size());
  policy->step(parameters, batch, {}, {}, after, unused, *workspace);
  EXPECT_NEAR(after.total - before.total, 1e-2, 2e-3);
}

TEST_P(PolicyConformance, GradientIsAddedToWhatIsThere) {
  std::vector<float> zero(parameters.size()), one(parameters.size(), 1.0F);
  SumLoss loss;
  policy->step(parameters, batch, {}, {}, loss, zero, *workspace);
  policy->step(parameters, batch, {}, {}, loss, one, *workspace);
  for (std::size_t i = 0; i < zero.size(); ++i) EXPECT_NEAR(one[i], zero[i] + 1, 2e-5);
}

TEST_P(PolicyConformance, DistributionsAreNormalisedAndMatchEvaluate) {
  const std::vector<double> log_prob = evaluate();
  Distributions out;
  policy->distribution(parameters, batch, out, *workspace);
  ASSERT_EQ(out.log_prob.size(), batch.tokens.size() * context.vocabulary.size());
  ASSERT_EQ(out.belief.size(), batch.tokens.size() * 3);
  for (std::size_t i = 0; i < batch.tokens.size(); ++i) {
    const std::span<double> row =
        std::span(out.log_prob).subspan(i * out.vocabulary, out.vocabulary);
    if (batch.tokens[i] != Vocabulary::end_of_sequence()) {
      EXPECT_NEAR(log_sum_exp(row), 0, 1e-9);
    }
    EXPECT_NEAR(log_sum_exp(std::span(out.belief).subspan(i * 3, 3)), 0, 1e-9);
    if (batch.mask[i] != 0) {
      EXPECT_NEAR(out.log_prob[(i - 1) * out.vocabulary + batch.tokens[i]], log_prob[i], 1e-5);
    }
  }
}

TEST_P(PolicyConformance, SamplesAreGrammaticalAndRepeat) {
  const Grammar grammar(context.vocabulary, context.max_mentions);
  std::vector<Sample> first, second;
  const SamplingOptions options{.greedy = false};
  const Stream stream(1, Purpose::kSampling, 4);
  policy->sample(parameters, batch.images, batch.cases(), options, stream, 7, first, *workspace);
  policy->sample(parameters, batch.images, batch.cases(), options, stream, 7, second,
                 *policy->workspace());
  ASSERT_EQ(first.size(), static_cast<std::size_t>(batch.cases()));
  for (std::size_t n = 0; n < first.size(); ++n) {
    const std::vector<Token>& tokens = first[n].trajectory.tokens;
    EXPECT_EQ(tokens, second[n].trajectory.tokens);
    EXPECT_EQ(first[n].log_prob, second[n].log_prob);
    Grammar::State state;
    for (std::size_t t = 1; t < tokens.size(); ++t) {
      EXPECT_TRUE(grammar.grammatical(state).contains(tokens[t]));
      state = grammar.next(state, tokens[t]);
    }
    EXPECT_EQ(tokens.back(), Vocabulary::end_of_sequence());
  }
}

INSTANTIATE_TEST_SUITE_P(Registered, PolicyConformance, ::testing::ValuesIn(settings()),
                         [](const auto& setting) {
                           return setting.param.name + "_" +
                                  std::to_string(setting.param.categories);
                         });

}  // namespace
}  // namespace tightrope
