// SPDX-License-Identifier: Apache-2.0
#include "graph/rule_oracle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "tests/graph/rule_support.h"

namespace tightrope {
namespace {

using test::Outcome;

struct Exact {
  std::vector<double> law, belief, site;
};

// What the enumeration says after `prefix` (an open or closed chain, without <answer_now>).
Exact condition(const std::vector<Outcome>& outcomes, const std::vector<Token>& prefix,
                const Vocabulary& vocabulary, const RuleLaw& law) {
  Exact out;
  out.law.assign(vocabulary.size(), 0);
  out.belief.assign(law.diseases, 0);
  out.site.assign(law.sites, 0);
  double total = 0;
  for (const Outcome& one : outcomes) {
    if (one.chain.size() < prefix.size() ||
        !std::equal(prefix.begin(), prefix.end(), one.chain.begin())) {
      continue;
    }
    total += one.weight;
    out.belief[one.disease] += one.weight;
    out.site[one.site] += one.weight;
    const Token next = one.chain.size() == prefix.size() ? vocabulary.disease(one.disease)
                                                         : one.chain[prefix.size()];
    out.law[next] += one.weight;
  }
  for (auto* part : {&out.law, &out.belief, &out.site}) {
    for (double& x : *part) x /= total;
  }
  return out;
}

double worst_difference(std::span<const double> a, std::span<const double> b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

// The largest error of law, belief and site over the prefixes of one chain, complete and cut.
double check_chain(const RuleEnvironment& environment, const std::vector<Outcome>& outcomes,
                   const std::vector<float>& image, const Outcome& one) {
  const RuleLaw& law = environment.law();
  Names names;
  names.categories = {"a|b", "c"};
  names.diseases = {"a", "b", "c"};
  for (int k = 0; k < 5; ++k) names.attributes.push_back("k" + std::to_string(k));
  const Vocabulary vocabulary(names);
  std::vector<Token> tokens = one.chain;
  tokens.push_back(vocabulary.disease(one.disease));
  tokens.push_back(Vocabulary::end_of_sequence());
  OracleTrace trace;
  environment.oracle(image, tokens, trace);
  std::vector<double> log_prob(tokens.size());
  environment.oracle_log_prob(image, tokens, log_prob);
  EXPECT_EQ(trace.prefixes(), static_cast<int>(tokens.size()) - 1);  // all but <eos>
  double worst = 0;
  std::vector<Token> prefix;
  for (std::size_t t = 0; t < one.chain.size(); ++t) {
    prefix.push_back(one.chain[t]);
    const Exact exact = condition(outcomes, prefix, vocabulary, law);
    const int V = vocabulary.size();
    const int Z = law.diseases;
    worst = std::max(worst, worst_difference(exact.law, std::span(trace.law).subspan(t * V, V)));
    worst =
        std::max(worst, worst_difference(exact.belief, std::span(trace.belief).subspan(t * Z, Z)));
    worst = std::max(worst, worst_difference(exact.site, std::span(trace.site).subspan(t * 2, 2)));
    worst = std::max(worst, std::abs(std::exp(log_prob[t + 1]) - exact.law[tokens[t + 1]]));
    if (t + 1 == one.chain.size()) continue;
    std::vector<Token> cut = prefix;
    cut.insert(cut.end(), {Vocabulary::answer_now(), vocabulary.disease(one.disease)});
    std::vector<double> cut_log_prob(cut.size());
    environment.oracle_log_prob(image, cut, cut_log_prob);
    worst = std::max(worst, std::abs(std::exp(cut_log_prob.back()) - exact.belief[one.disease]));
    EXPECT_EQ(cut_log_prob[cut.size() - 2], 0);
  }
  return worst;
}

TEST(RuleOracle, AgreesWithEnumerationForEveryRuleReportAndEnvironment) {
  for (Rule rule : {Rule::kOne, Rule::kAnd, Rule::kXor}) {
    for (bool from_image : {false, true}) {
      for (int variant : {0, 1}) {
        for (int cap : {1, 2, 5}) {
          const RuleLaw law = test::tiny_rule_law(rule, from_image, variant, cap);
          const auto environment = test::tiny_rule_environment(law);
          const Vocabulary vocabulary(
              {{"a|b", "c"}, {"a", "b", "c"}, {"k0", "k1", "k2", "k3", "k4"}});
          Cases cases;
          environment->sample(Stream(5, Purpose::kData, variant), 0, 0, 1, cases);
          const std::vector<float> image = cases.image;
          const std::vector<Outcome> outcomes = test::enumerate(law, vocabulary, image);
          double worst = 0;
          for (std::size_t i = 0; i < outcomes.size(); i += 307) {
            worst = std::max(worst, check_chain(*environment, outcomes, image, outcomes[i]));
          }
          EXPECT_LT(worst, 1e-9) << static_cast<int>(rule) << from_image << variant << cap;
        }
      }
    }
  }
}

TEST(RuleOracle, PriorBySiteAgreesWithEnumeration) {
  for (Rule rule : {Rule::kOne, Rule::kAnd, Rule::kXor}) {
    for (int cap : {1, 2, 5}) {
      const RuleLaw law = test::tiny_rule_law(rule, false, 3, cap);
      const auto environment = test::tiny_rule_environment(law);
      const Vocabulary vocabulary({{"a|b", "c"}, {"a", "b", "c"}, {"k0", "k1", "k2", "k3", "k4"}});
      std::vector<double> exact(6, 0.0);
      for (const Outcome& one : test::enumerate(law, vocabulary, {})) {
        exact[one.site * 3 + one.disease] += one.weight / law.omega[one.site];
      }
      EXPECT_LT(worst_difference(exact, environment->disease_prior_by_site()), 1e-12);
      double total = 0;
      for (double p : environment->disease_prior()) total += p;
      EXPECT_NEAR(total, 1, 1e-12);
    }
  }
}

// The image's part of P(z | u) by averaging the enumerated belief over sampled images.
TEST(RuleOracle, PriorBySiteWithReportsFromImagesAgreesWithSampling) {
  const RuleLaw law = test::tiny_rule_law(Rule::kXor, true, 4, 2);
  const auto environment = test::tiny_rule_environment(law);
  Cases cases;
  environment->sample(Stream(6, Purpose::kData, 0), 0, 0, 200000, cases);
  std::vector<double> count(6, 0.0);
  std::vector<double> total(2, 0.0);
  for (int n = 0; n < cases.size(); ++n) {
    count[cases.site[n] * 3 + cases.disease[n]] += 1;
    total[cases.site[n]] += 1;
  }
  const std::vector<double> prior = environment->disease_prior_by_site();
  for (int i = 0; i < 6; ++i) {
    const double p = prior[i];
    EXPECT_NEAR(count[i] / total[i / 3], p, 5 * std::sqrt(p * (1 - p) / total[i / 3]));
  }
}

TEST(RuleOracle, ForbiddenTokensAreInputErrorsImpossibleOnesAreNot) {
  RuleLaw law = test::tiny_rule_law(Rule::kXor, false, 0, 2);
  law.mention_absent[2] = 0;
  const auto environment = test::tiny_rule_environment(law);
  const Vocabulary v({{"a|b", "c"}, {"a", "b", "c"}, {"k0", "k1", "k2", "k3", "k4"}});
  const std::vector<float> image(6, 0.1F);
  OracleTrace trace;
  const auto run = [&](std::vector<Token> tokens) { environment->oracle(image, tokens, trace); };
  const Token k1 = v.finding(1, Slot::kSynonym0);
  EXPECT_THROW(run({v.category(0)}), InputError);
  EXPECT_THROW(run({0, k1}), InputError);                               // no category
  EXPECT_THROW(run({0, v.category(0), k1, k1}), InputError);            // order
  EXPECT_THROW(run({0, v.category(0), v.disease(0)}), InputError);      // no </think>
  EXPECT_THROW(run({0, v.category(0), v.end_think(), 1}), InputError);  // <answer_now> too late
  EXPECT_THROW(run({0, v.category(0), v.end_think(), v.disease(0), 0}), InputError);  // not <eos>
  EXPECT_NO_THROW(run({0, 1, v.disease(2), 2}));
  EXPECT_NO_THROW(run({0, v.category(0), v.end_think(), v.disease(2), 2}));  // ruled out, but said
  std::vector<double> log_prob(5);
  const std::vector<Token> ruled_out = {0, v.category(0), v.end_think(), v.disease(2), 2};
  environment->oracle_log_prob(image, ruled_out, log_prob);
  EXPECT_TRUE(std::isinf(log_prob[3]));
  const std::vector<Token> impossible = {0, v.category(0), v.finding(2, Slot::kAbsent),
                                         v.end_think(), v.disease(0)};
  environment->oracle_log_prob(image, impossible, log_prob);
  EXPECT_TRUE(std::isinf(log_prob[2]));
  EXPECT_TRUE(std::isfinite(log_prob[3]) && std::isfinite(log_prob[4]));
}

}  // namespace
}  // namespace tightrope
