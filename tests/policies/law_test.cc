// SPDX-License-Identifier: Apache-2.0
// What holds for every kernel and option: laws are normalised over what the grammar allows, and
// step, evaluate, distribution and sample agree on them.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "core/base/math.h"
#include "tests/policies/fixtures.h"

namespace tightrope {
namespace {

struct Setting {
  std::string name;
  std::string yaml;
  int categories;
  bool masked = true;
};

void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.yaml; }

class Law : public ::testing::TestWithParam<Setting> {
 protected:
  Law()
      : context(small_context(GetParam().categories, 3, 3, 4, 2)),
        grammar(context.vocabulary, context.max_mentions),
        policy(build_policy(GetParam().yaml, context)),
        parameters(random_parameters<float>(policy->parameter_count(), 11, 0.5)),
        workspace(policy->workspace()) {}

  std::vector<double> evaluate(const TokenBatch& batch) const {
    TokenQuantities out{std::vector<double>(batch.tokens.size() + 1, 7), {}, {}};
    policy->evaluate(parameters, batch, {}, out, *workspace);
    return out.log_prob;
  }

  TokenBatch one(std::span<const float> image, const Trajectory& trajectory) const {
    TokenBatch batch;
    batch.clear(context.channels);
    batch.add_case(image);
    batch.add(trajectory);
    return batch;
  }

  PolicyContext context;
  Grammar grammar;
  std::shared_ptr<const Policy> policy;
  std::vector<float> parameters;
  std::unique_ptr<Workspace> workspace;
};

TEST_P(Law, DistributionIsNormalisedWithinTheGrammar) {
  const TokenBatch batch = random_batch(context, 30, 1);
  Distributions out;
  policy->distribution(parameters, batch, out, *workspace);
  const int v = context.vocabulary.size();
  ASSERT_EQ(out.vocabulary, v);
  ASSERT_EQ(out.diseases, 3);
  for (int n = 0; n < batch.trajectories(); ++n) {
    Grammar::State state;
    for (int t = 0; t < batch.length(n); ++t) {
      const int row = batch.offset[n] + t;
      const Token token = batch.tokens[row];
      state = t == 0 ? Grammar::start() : grammar.next(state, token);
      double total = 0, belief = 0;
      for (Token next = 0; next < v; ++next) {
        const double log_prob = out.log_prob[row * v + next];
        const bool inside = token != Vocabulary::end_of_sequence() &&
                            (!GetParam().masked || grammar.allowed(state).contains(next));
        if (inside) {
          EXPECT_TRUE(std::isfinite(log_prob));
        } else {
          EXPECT_EQ(log_prob, kNegativeInfinity);
        }
        total += std::exp(log_prob);
      }
      for (int z = 0; z < 3; ++z) belief += std::exp(out.belief[row * 3 + z]);
      EXPECT_NEAR(total, token == Vocabulary::end_of_sequence() ? 0 : 1, 1e-12);
      EXPECT_NEAR(belief, 1, 1e-12);
    }
  }
}

TEST_P(Law, StepEvaluateAndDistributionAgree) {
  const TokenBatch batch = random_batch(context, 30, 2);
  const std::vector<double> evaluated = evaluate(batch);
  std::vector<float> gradient(parameters.size());
  TestLoss loss;
  policy->step(parameters, batch, {}, {}, loss, gradient, *workspace);
  ASSERT_EQ(loss.seen.size(), evaluated.size());
  Distributions out;
  policy->distribution(parameters, batch, out, *workspace);
  for (std::size_t i = 0; i < evaluated.size(); ++i) {
    EXPECT_EQ(loss.seen[i], evaluated[i]);
    if (batch.mask[i] == 0) {
      EXPECT_EQ(evaluated[i], 0);
    } else {
      EXPECT_NEAR(evaluated[i], out.log_prob[(i - 1) * out.vocabulary + batch.tokens[i]], 2e-6);
    }
  }
}

TEST_P(Law, MaskedTokensContributeNothing) {
  TokenBatch batch = random_batch(context, 10, 3);
  std::fill(batch.mask.begin(), batch.mask.end(), std::uint8_t{0});
  std::vector<float> gradient(parameters.size(), 0.5F);
  TestLoss loss;
  policy->step(parameters, batch, {}, {}, loss, gradient, *workspace);
  for (const float value : gradient) EXPECT_EQ(value, 0.5F);
  for (const double value : loss.seen) EXPECT_EQ(value, 0);
}

TEST_P(Law, BeliefIsTheAnswerNowBranch) {
  const std::vector<float> image = random_images(1, context.channels, 4);
  std::vector<Slot> report = {Slot::kSynonym1, Slot::kSilent, Slot::kAbsent};
  const int category = context.vocabulary.categories() > 0 ? 1 : -1;
  const Trajectory full = make_trajectory(context.vocabulary, report, category, 0);
  Distributions out;
  policy->distribution(parameters, one(image, full), out, *workspace);
  const int chain = static_cast<int>(full.tokens.size()) - 3;  // <think> [category] findings
  for (int length = 1; length <= chain + 1; ++length) {
    for (int z = 0; z < 3; ++z) {
      Trajectory branch;
      branch.tokens.assign(full.tokens.begin(), full.tokens.begin() + length);
      if (length <= chain) branch.tokens.push_back(Vocabulary::answer_now());
      branch.tokens.push_back(context.vocabulary.disease(z));
      branch.mask.assign(branch.tokens.size(), 0);
      branch.mask.back() = 1;
      const std::vector<double> log_prob = evaluate(one(image, branch));
      const double belief = out.belief[(length - 1) * 3 + z];
      if (GetParam().masked) {
        EXPECT_NEAR(log_prob.back(), belief, 2e-6) << length;
      } else {
        EXPECT_LT(log_prob.back(), belief);  // the softmax also has the other tokens
      }
    }
  }
}

TEST_P(Law, SampledTrajectoriesCarryTheirLogProb) {
  const int count = 40;
  const std::vector<float> images = random_images(count, context.channels, 5);
  for (const bool thinking : {true, false}) {
    std::vector<Sample> samples;
    policy->sample(parameters, images, count, {.greedy = false, .thinking = thinking},
                   test_stream(5), 3, samples, *workspace);
    ASSERT_EQ(samples.size(), static_cast<std::size_t>(count));
    for (int n = 0; n < count; ++n) {
      const Trajectory& trajectory = samples[n].trajectory;
      const auto image = std::span(images).subspan(n * context.channels, context.channels);
      EXPECT_EQ(trajectory.tokens.back(), Vocabulary::end_of_sequence());
      EXPECT_EQ(trajectory.tokens[trajectory.tokens.size() - 2],
                context.vocabulary.disease(samples[n].disease));
      EXPECT_EQ(trajectory.tokens[1] == Vocabulary::answer_now(), !thinking);
      EXPECT_EQ(trajectory.mask[1] == 0, !thinking);
      if (!GetParam().masked) continue;  // sampling is masked, evaluation is not
      const std::vector<double> log_prob = evaluate(one(image, trajectory));
      ASSERT_EQ(log_prob.size(), samples[n].log_prob.size());
      for (std::size_t t = 0; t < log_prob.size(); ++t) {
        EXPECT_EQ(log_prob[t], samples[n].log_prob[t]);
      }
    }
  }
}

// Every grammatical completion with its probability, by walking the distributions.
void enumerate(const Policy& policy, std::span<const float> parameters,
               const PolicyContext& context, std::span<const float> image, double temperature,
               Workspace& workspace, std::vector<Token> prefix, double log_prob,
               std::map<std::vector<Token>, double>& out) {
  if (prefix.back() == Vocabulary::end_of_sequence()) {
    out[prefix] = std::exp(log_prob);
    return;
  }
  const Grammar grammar(context.vocabulary, context.max_mentions);
  Grammar::State state;
  for (std::size_t t = 1; t < prefix.size(); ++t) state = grammar.next(state, prefix[t]);
  TokenBatch batch;
  batch.clear(context.channels);
  batch.add_case(image);
  batch.add({prefix, std::vector<std::uint8_t>(prefix.size(), 0)});
  Distributions law;
  policy.distribution(parameters, batch, law, workspace);
  const TokenRange range = grammar.grammatical(state);
  const double* row = law.log_prob.data() + (prefix.size() - 1) * law.vocabulary;
  std::vector<double> tempered;
  for (Token token = range.begin; token < range.end; ++token) {
    tempered.push_back(row[token] / temperature);
  }
  const double total = log_sum_exp(tempered);
  for (Token token = range.begin; token < range.end; ++token) {
    prefix.push_back(token);
    enumerate(policy, parameters, context, image, temperature, workspace, prefix,
              log_prob + tempered[token - range.begin] - total, out);
    prefix.pop_back();
  }
}

TEST_P(Law, SampledFrequenciesMatchEnumeration) {
  const int count = 20000;
  const std::vector<float> image = random_images(1, context.channels, 6);
  std::vector<float> images;
  for (int n = 0; n < count; ++n) images.insert(images.end(), image.begin(), image.end());
  for (const double temperature : {1.0, 0.6}) {
    std::map<std::vector<Token>, double> expected;
    enumerate(*policy, parameters, context, image, temperature, *workspace, {Vocabulary::think()},
              0, expected);
    double total = 0;
    for (const auto& [tokens, probability] : expected) total += probability;
    EXPECT_NEAR(total, 1, 1e-9);
    std::vector<Sample> samples;
    policy->sample(parameters, images, count, {.greedy = false, .temperature = temperature},
                   test_stream(6), 0, samples, *workspace);
    std::map<std::vector<Token>, int> seen;
    for (const Sample& sample : samples) {
      ++seen[sample.trajectory.tokens];
      double log_prob = 0;
      for (const double value : sample.log_prob) log_prob += value;
      ASSERT_NEAR(std::exp(log_prob), expected.at(sample.trajectory.tokens), 1e-5);
    }
    double chi_square = 0, rest_expected = 0, rest_seen = 0;
    int cells = 0;
    for (const auto& [tokens, probability] : expected) {
      const double e = probability * count;
      const double s = seen.count(tokens) != 0 ? seen.at(tokens) : 0;
      if (e < 10) {
        rest_expected += e;
        rest_seen += s;
        continue;
      }
      chi_square += (s - e) * (s - e) / e;
      ++cells;
    }
    if (rest_expected > 0) {
      chi_square += (rest_seen - rest_expected) * (rest_seen - rest_expected) / rest_expected;
    }
    EXPECT_GT(cells, 5);
    EXPECT_LT(chi_square, cells + 5 * std::sqrt(2.0 * cells));
  }
}

TEST_P(Law, GreedyTakesTheLargestOfEachLaw) {
  const int count = 20;
  const std::vector<float> images = random_images(count, context.channels, 7);
  std::vector<Sample> samples;
  policy->sample(parameters, images, count, {}, test_stream(7), 0, samples, *workspace);
  for (int n = 0; n < count; ++n) {
    const std::vector<Token>& tokens = samples[n].trajectory.tokens;
    const auto image = std::span(images).subspan(n * context.channels, context.channels);
    Distributions out;
    policy->distribution(parameters, one(image, samples[n].trajectory), out, *workspace);
    Grammar::State state;
    for (std::size_t t = 0; t + 1 < tokens.size(); ++t) {
      if (t > 0) state = grammar.next(state, tokens[t]);
      const TokenRange range = grammar.grammatical(state);
      const double* row = out.log_prob.data() + t * out.vocabulary;
      for (Token other = range.begin; other < range.end; ++other) {
        EXPECT_LE(row[other], row[tokens[t + 1]]);
      }
    }
  }
}

TEST_P(Law, SamplesDependOnTheirOwnRowAlone) {
  const int count = 25;
  const std::vector<float> images = random_images(count, context.channels, 8);
  std::vector<Sample> all, few;
  policy->sample(parameters, images, count, {.greedy = false}, test_stream(8), 2, all, *workspace);
  policy->sample(parameters, images, 5, {.greedy = false}, test_stream(8), 2, few,
                 *policy->workspace());
  for (int n = 0; n < 5; ++n) {
    EXPECT_EQ(all[n].trajectory.tokens, few[n].trajectory.tokens);
    EXPECT_EQ(all[n].log_prob, few[n].log_prob);
  }
}

TEST_P(Law, LogProbsDoNotDependOnTheBatch) {
  const TokenBatch batch = random_batch(context, 41, 9);
  const std::vector<double> together = evaluate(batch);
  for (int b = 0; b < batch.cases(); ++b) {
    for (int n = batch.group_begin[b]; n < batch.group_begin[b + 1]; ++n) {
      const auto part = [&](const auto& all) {
        return std::vector(all.begin() + batch.offset[n], all.begin() + batch.offset[n + 1]);
      };
      const std::vector<double> alone =
          evaluate(one(batch.image(b), {part(batch.tokens), part(batch.mask)}));
      EXPECT_EQ(alone, part(together));
    }
  }
}

TEST_P(Law, GradientRepeatsAndAddsUp) {
  const TokenBatch batch = random_batch(context, 19, 10);
  std::vector<float> first(parameters.size()), second(parameters.size());
  TestLoss loss;
  policy->step(parameters, batch, {}, {}, loss, first, *workspace);
  const TokenBatch other = random_batch(context, 5, 12);  // leaves dirt in the workspace
  std::vector<float> dirt(parameters.size());
  policy->step(parameters, other, {}, {}, loss, dirt, *workspace);
  policy->step(parameters, batch, {}, {}, loss, second, *workspace);
  EXPECT_EQ(first, second);
  std::vector<float> third(parameters.size());
  policy->step(parameters, batch, {}, {}, loss, third, *policy->workspace());
  EXPECT_EQ(first, third);
}

TEST_P(Law, DivergedParametersAreSeen) {
  std::fill(parameters.begin(), parameters.end(), std::nanf(""));
  const std::vector<float> image = random_images(1, context.channels, 13);
  const std::vector<Slot> report(3, Slot::kSilent);
  const int category = context.vocabulary.categories() > 0 ? 0 : -1;
  const std::vector<double> log_prob =
      evaluate(one(image, make_trajectory(context.vocabulary, report, category, 1)));
  EXPECT_TRUE(std::isnan(log_prob[log_prob.size() - 2]));
}

TEST_P(Law, ShortestReports) {
  TokenBatch batch;
  batch.clear(context.channels);
  const std::vector<float> images = random_images(6, context.channels, 14);
  for (int n = 0; n < 6; ++n) {
    std::vector<Slot> report(3, Slot::kSilent);
    if (n % 2 == 1) report[n / 2] = Slot::kSynonym0;
    batch.add_case(std::span(images).subspan(n * context.channels, context.channels));
    const int category = context.vocabulary.categories() > 0 ? 0 : -1;
    batch.add(make_trajectory(context.vocabulary, report, category, 1));
  }
  const std::vector<double> log_prob = evaluate(batch);
  for (int n = 0; n < 6; ++n) {
    Grammar::State state;
    for (int t = 1; t < batch.length(n); ++t) {
      const int i = batch.offset[n] + t;
      const bool certain = GetParam().masked && grammar.allowed(state).size() == 1;
      EXPECT_LE(log_prob[i], 0);
      EXPECT_EQ(log_prob[i] == 0, certain) << n << " " << t;
      state = grammar.next(state, batch.tokens[i]);
    }
  }
}

TEST_P(Law, ForbiddenScoredTokenIsAnError) {
  if (!GetParam().masked) return;
  const std::vector<float> image = random_images(1, context.channels, 15);
  Trajectory trajectory = make_trajectory(context.vocabulary, std::vector<Slot>(3, Slot::kSilent),
                                          0, 1, Ending::kAnswerNow, 0);
  trajectory.mask[1] = 1;  // <answer_now> is never scored
  try {
    evaluate(one(image, trajectory));
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what())
                  .find("<answer_now>, is scored but not allowed after "
                        "<think>"),
              std::string::npos)
        << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Policies, Law,
    ::testing::Values(
        Setting{"token", "{type: log_linear}", 0}, Setting{"category", "{type: log_linear}", 2},
        Setting{"free", "{type: log_linear, grammar: false}", 0, false},
        Setting{"free_category", "{type: log_linear, grammar: false, answer_units: 3}", 2, false},
        Setting{"absolute", "{type: log_linear, answer_absolute: true}", 0},
        Setting{"gated", "{type: log_linear, answer_units: 8, gate: true}", 0},
        Setting{"units", "{type: log_linear, answer_units: 20}", 2},
        Setting{"slot", "{type: log_linear, chain: slot}", 0},
        Setting{"slot_category", "{type: log_linear, chain: slot, answer_units: 5, gate: true}", 2},
        Setting{"tabular", "{type: tabular}", 0},
        Setting{"tabular_category", "{type: tabular}", 2}),
    [](const auto& setting) { return setting.param.name; });

}  // namespace
}  // namespace tightrope
