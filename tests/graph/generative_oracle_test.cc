// SPDX-License-Identifier: Apache-2.0
// The oracle against brute-force enumeration, and its edges.
#include "graph/generative_oracle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "graph/generative_environment.h"
#include "tests/graph/tiny_generative.h"

namespace tightrope {
namespace {

Vocabulary tiny_vocabulary() { return Vocabulary({{}, {"a", "b", "c"}, {"k0", "k1", "k2", "k3"}}); }

struct Expected {
  std::vector<double> law, belief, site;
};

// Conditioning by counting the mass of every joint value that continues the prefix.
Expected enumerate(const GenerativeLaw& law, const Vocabulary& vocabulary,
                   std::span<const double> image, std::span<const Token> prefix) {
  Expected out{std::vector<double>(vocabulary.size()), std::vector<double>(law.diseases),
               std::vector<double>(law.sites)};
  double total = 0;
  const bool interrupted =
      std::find(prefix.begin(), prefix.end(), Vocabulary::answer_now()) != prefix.end();
  test::visit_all(
      law, image, [&](int u, int z, const auto&, std::span<const Slot> report, double p) {
        std::vector<Token> tokens = make_trajectory(vocabulary, report, -1, z).tokens;
        if (interrupted) {  // a chain that the prefix cuts where it stops
          const std::size_t cut =
              std::find(prefix.begin(), prefix.end(), Vocabulary::answer_now()) - prefix.begin();
          tokens.insert(tokens.begin() + std::min(cut, tokens.size()), Vocabulary::answer_now());
          tokens.resize(std::min(cut + 1, tokens.size()));
          tokens.push_back(vocabulary.disease(z));
          tokens.push_back(Vocabulary::end_of_sequence());
        }
        if (prefix.size() >= tokens.size() ||
            !std::equal(prefix.begin(), prefix.end(), tokens.begin())) {
          return;
        }
        total += p;
        out.law[tokens[prefix.size()]] += p;
        out.belief[z] += p;
        out.site[u] += p;
      });
  for (auto* values : {&out.law, &out.belief, &out.site}) {
    for (double& value : *values) value /= total;
  }
  return out;
}

double worst_difference(std::span<const double> a, std::span<const double> b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

class Enumeration : public testing::TestWithParam<std::tuple<ImageCode, ReportFrom, int>> {};

TEST_P(Enumeration, MatchesOracleAtEveryPrefix) {
  const auto [code, from, cap] = GetParam();
  const Vocabulary vocabulary = tiny_vocabulary();
  double worst = 0;
  for (int variant = 0; variant < 3; ++variant) {
    const GenerativeLaw law = test::tiny_law(code, from, cap, variant);
    const GenerativeOracle oracle(law, vocabulary);
    Cases cases;
    cases.resize(4, law.attributes, law.channels);
    const GenerativeSampler sampler(law);
    for (int n = 0; n < 4; ++n) {
      sampler.draw(Stream(1, Purpose::kData, variant).at(0, n), n, cases);
      const std::vector<double> image(cases.image_of(n).begin(), cases.image_of(n).end());
      const Ending ending = n == 3 ? Ending::kAnswerNow : Ending::kEndThink;
      const Trajectory chain = make_trajectory(vocabulary, cases.report_of(n), -1, cases.disease[n],
                                               ending, n == 3 ? 1 : -1);
      OracleTrace trace;
      oracle.trace(image, chain.tokens, trace);
      std::vector<double> log_prob(chain.tokens.size());
      oracle.log_prob(image, chain.tokens, log_prob);
      ASSERT_EQ(trace.prefixes(), static_cast<int>(chain.tokens.size()) - 1);
      for (int j = 0; j < trace.prefixes(); ++j) {
        const Token next = chain.tokens[j + 1];
        const Expected expected =
            enumerate(law, vocabulary, image, std::span(chain.tokens).first(j + 1));
        const auto row = std::span(trace.law).subspan(j * vocabulary.size(), vocabulary.size());
        worst = std::max(worst, worst_difference(expected.law, row));
        worst = std::max(
            worst, worst_difference(expected.belief, std::span(trace.belief).subspan(j * 3, 3)));
        worst = std::max(worst,
                         worst_difference(expected.site, std::span(trace.site).subspan(j * 2, 2)));
        if (next == Vocabulary::answer_now()) {
          EXPECT_EQ(log_prob[j + 1], 0);
        } else {
          EXPECT_NEAR(log_prob[j + 1], std::log(expected.law[next]), 1e-10);
        }
      }
      std::vector<double> belief(3);
      oracle.belief(image, belief);
      worst = std::max(worst, worst_difference(belief, std::span(trace.belief).first(3)));
    }
  }
  EXPECT_LT(worst, 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Tiny, Enumeration,
                         testing::Combine(testing::Values(ImageCode::kLinear, ImageCode::kPolarity),
                                          testing::Values(ReportFrom::kLatent, ReportFrom::kImage),
                                          testing::Values(1, 2, 9)));

TEST(GenerativeOracle, StaysFiniteOnAnImageFarOff) {
  GenerativeLaw law = test::tiny_law(ImageCode::kPolarity, ReportFrom::kLatent, 4, 0);
  law.noise.assign(5, 0.01);  // log-odds of thousands
  law.theta[0] = 0;
  law.theta[5] = 1;
  const Vocabulary vocabulary = tiny_vocabulary();
  const GenerativeOracle oracle(law, vocabulary);
  const std::vector<double> image = {1.2, -1.1, 0.02, 40.0, 0.1};
  const std::vector<Token> tokens = {Vocabulary::think(), vocabulary.finding(1, Slot::kSynonym1),
                                     vocabulary.end_think()};
  OracleTrace trace;
  oracle.trace(image, tokens, trace);
  for (int j = 0; j < trace.prefixes(); ++j) {
    double sum = 0;
    for (int t = 0; t < vocabulary.size(); ++t) {
      const double p = trace.law[j * vocabulary.size() + t];
      ASSERT_TRUE(std::isfinite(p) && p >= 0);
      sum += p;
    }
    EXPECT_NEAR(sum, 1, 1e-12);
  }
}

TEST(GenerativeOracle, ImpossibleFindingTeachesNothing) {
  GenerativeLaw law = test::tiny_law(ImageCode::kLinear, ReportFrom::kLatent, 4, 0);
  law.mention_absent[1] = 0;
  const Vocabulary vocabulary = tiny_vocabulary();
  const GenerativeOracle oracle(law, vocabulary);
  const std::vector<double> image = {0.2, 0.1, 0.7, 0.4, 0};
  const std::vector<Token> tokens = {0, vocabulary.finding(1, Slot::kAbsent),
                                     vocabulary.end_think()};
  std::vector<double> log_prob(3);
  oracle.log_prob(image, tokens, log_prob);
  EXPECT_EQ(log_prob[1], kNegativeInfinity);
  EXPECT_TRUE(std::isfinite(log_prob[2]));
}

TEST(GenerativeOracle, RefusesWhatTheGrammarForbids) {
  const GenerativeLaw law = test::tiny_law(ImageCode::kLinear, ReportFrom::kLatent, 1, 0);
  const Vocabulary v = tiny_vocabulary();
  const GenerativeOracle oracle(law, v);
  const std::vector<double> image(5, 0.3);
  const auto message = [&](std::vector<Token> tokens) -> std::string {
    OracleTrace trace;
    try {
      oracle.trace(image, tokens, trace);
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  };
  const Token k1 = v.finding(1, Slot::kSynonym0);
  EXPECT_EQ(message({0, v.disease(1)}), "token b is not allowed after <think>");
  EXPECT_EQ(message({0, k1, v.finding(2, Slot::kAbsent)}),
            "token -k2 is not allowed after +k1.0");  // the cap
  EXPECT_EQ(message({0, v.end_think(), Vocabulary::answer_now()}),
            "token <answer_now> is not allowed after </think>");
  EXPECT_EQ(message({0, v.end_think(), v.disease(0), 2, 2}),
            "token <eos> is not allowed after <eos>");
  EXPECT_EQ(message({0, 99}), "token 99 is not allowed after <think>");
  EXPECT_EQ(message({k1}), "a trajectory must start with <think>");
  EXPECT_EQ(message({0, k1, v.end_think(), v.disease(2), 2}), "no error");
}

}  // namespace
}  // namespace tightrope
