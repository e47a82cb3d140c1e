// SPDX-License-Identifier: Apache-2.0
// Environment::write draws from the oracle's law: counts against exact probabilities.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "tests/experts/expert_support.h"

namespace tightrope {
namespace {

using test::Bench;

const std::vector<std::string> kWorlds = {
    "{type: concept, graph: toy, max_mentions: 2, spurious: 0}",
    "{type: concept, graph: toy, max_mentions: 3, spurious: 0, report_from: image}",
    "{type: concept, graph: toy, diagnosis: rule, max_mentions: 2, spurious: 0}",
    "{type: concept, graph: toy, diagnosis: rule, max_mentions: 2, spurious: 0, report_from: "
    "image}",
    "{type: bandit, contexts: 2, rewards: [[1, 0, 0.5], [0, 2, -1]]}"};

double probability(const Bench& bench, int n, const std::vector<Token>& tokens) {
  std::vector<double> log_prob(tokens.size());
  bench.environment->oracle_log_prob(bench.cases.image_of(n), tokens, log_prob);
  double sum = 0;
  for (double l : log_prob) sum += l;
  return std::exp(sum);
}

TEST(Write, CountsFollowTheOracle) {
  constexpr int kDraws = 40000;
  for (const std::string& text : kWorlds) {
    SCOPED_TRACE(text);
    const Bench bench(text, 5);
    for (int n = 0; n < 5; ++n) {
      std::map<std::vector<Token>, int> counts;
      for (int i = 0; i < kDraws; ++i) {
        Draws draws = Stream(9, Purpose::kExpert, n).at(0, i);
        const Trajectory t = bench.environment->write(bench.cases.image_of(n), draws);
        ASSERT_EQ(test::grammar_defect(*bench.world, t), "");
        ++counts[t.tokens];
      }
      // Chi-square over the trajectories seen at least five times in expectation; the rest is one
      // cell. A law that differs by a few percent of a frequent trajectory fails.
      double statistic = 0, mass = 0;
      int cells = 0, seen = 0;
      for (const auto& [tokens, count] : counts) {
        const double expected = kDraws * probability(bench, n, tokens);
        if (expected < 5) continue;
        statistic += (count - expected) * (count - expected) / expected;
        mass += expected;
        seen += count;
        ++cells;
      }
      ASSERT_GE(cells, 2);
      const double rest = kDraws - mass;
      if (rest >= 5) {
        statistic += (kDraws - seen - rest) * (kDraws - seen - rest) / rest;
        ++cells;
      }
      const double freedom = cells - 1;
      EXPECT_LT((statistic - freedom) / std::sqrt(2 * freedom), 5.0) << cells << " cells";
    }
  }
}

// The joint posterior has the oracle's marginals, and its site given each diagnosis that can be
// read.
TEST(Joint, AgreesWithBeliefAndTrace) {
  for (const std::string& text : kWorlds) {
    SCOPED_TRACE(text);
    const Bench bench(text, 5);
    const Vocabulary& v = bench.world->vocabulary();
    const int sites = bench.world->sites(), diseases = v.diseases();
    std::vector<double> joint(static_cast<std::size_t>(sites) * diseases), belief(diseases);
    for (int n = 0; n < 5; ++n) {
      bench.environment->joint_of_image(bench.cases.image_of(n), joint);
      bench.environment->belief_of_image(bench.cases.image_of(n), belief);
      for (int z = 0; z < diseases; ++z) {
        double mass = 0;
        for (int u = 0; u < sites; ++u) mass += joint[u * diseases + z];
        EXPECT_NEAR(mass, belief[z], 1e-12);
        if (belief[z] <= 0) continue;
        const std::vector<Token> tokens = {Vocabulary::think(), Vocabulary::answer_now(),
                                           v.disease(z), Vocabulary::end_of_sequence()};
        OracleTrace trace;
        bench.environment->oracle(bench.cases.image_of(n), tokens, trace);
        for (int u = 0; u < sites; ++u) {
          EXPECT_NEAR(joint[u * diseases + z] / mass, trace.site[2 * sites + u], 1e-9);
        }
      }
    }
  }
}

}  // namespace
}  // namespace tightrope
