// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/base/error.h"
#include "graph/concept_environment.h"
#include "tests/experts/expert_support.h"

namespace tightrope {
namespace {

using test::answer_of;
using test::Bench;
using test::make_expert;

const Stream kStream(3, Purpose::kExpert, 0);
constexpr const char* kConcept = "{type: concept, graph: cxr}";
constexpr const char* kRule = "{type: concept, graph: cxr, diagnosis: rule}";

Trajectory factual(const Bench& bench, int n) {
  return make_trajectory(bench.world->vocabulary(), bench.cases.report_of(n),
                         bench.cases.category[n], bench.cases.disease[n]);
}

TEST(RandomExpert, TakesAnotherCaseWithAnotherDiagnosisUniformly) {
  for (const char* world : {kConcept, kRule}) {
    const Bench bench(world, 30);
    const auto expert = make_expert("random");
    std::vector<double> count(30, 0.0);
    constexpr int kDraws = 20000;
    int others = 0;
    for (int r = 0; r < 30; ++r) others += bench.cases.disease[r] != bench.cases.disease[4];
    for (int i = 0; i < kDraws; ++i) {
      const Pair pair = expert->propose(bench.context(), 4, true, kStream, i);
      EXPECT_EQ(pair.chosen.tokens, factual(bench, 4).tokens);
      EXPECT_NE(pair.rejected_disease, bench.cases.disease[4]);
      bool found = false;
      for (int r = 0; r < 30; ++r) {
        if (factual(bench, r).tokens != pair.rejected.tokens) continue;
        count[r] += 1;
        found = true;
      }
      ASSERT_TRUE(found);
    }
    const double p = 1.0 / others;
    for (int r = 0; r < 30; ++r) {
      if (bench.cases.disease[r] == bench.cases.disease[4]) {
        EXPECT_EQ(count[r], 0);
        continue;
      }
      int twins = 0;  // cases with the same trajectory count together
      for (int s = 0; s < 30; ++s) twins += factual(bench, s).tokens == factual(bench, r).tokens;
      EXPECT_NEAR(count[r] / kDraws, twins * p, 5 * std::sqrt(twins * p / kDraws));
    }
  }
}

TEST(RandomExpert, FindsTheOneOtherAndFailsWhenThereIsNone) {
  Bench bench(kConcept, 3000);
  std::fill(bench.cases.disease.begin(), bench.cases.disease.end(), 2);
  EXPECT_THROW(make_expert("random")->propose(bench.context(), 0, true, kStream, 0), InputError);
  bench.cases.disease[2999] = 5;
  for (std::uint32_t repeat = 0; repeat < 20; ++repeat) {
    EXPECT_EQ(
        make_expert("random")->propose(bench.context(), 0, true, kStream, repeat).rejected_disease,
        5);
  }
}

TEST(AnswerOnlyExpert, KeepsTheReport) {
  const Bench bench(kRule, 60);
  const auto expert = make_expert("{type: answer_only, propose: uniform}");
  for (int n = 0; n < 60; ++n) {
    const Pair pair = expert->propose(bench.context(), n, true, kStream, 0);
    EXPECT_EQ(pair.chosen.tokens, factual(bench, n).tokens);
    std::vector<Token> expected = pair.chosen.tokens;
    expected[expected.size() - 2] = bench.world->vocabulary().disease(pair.rejected_disease);
    EXPECT_EQ(pair.rejected.tokens, expected);
  }
}

TEST(ConceptGraphExpert, WholePairsHoldTheEnvironmentsAlternativeReport) {
  for (const char* world : {kConcept, kRule}) {
    const Bench bench(world, 60);
    const auto& environment = dynamic_cast<const ConceptEnvironment&>(*bench.environment);
    for (const char* report : {"edit", "structural"}) {
      const auto expert = make_expert(
          std::string("{type: concept_graph, propose: uniform, report: ") + report + "}");
      for (int n = 0; n < 60; ++n) {
        const Pair pair = expert->propose(bench.context(), n, true, kStream, 7);
        EXPECT_EQ(pair.chosen.tokens, factual(bench, n).tokens);
        EXPECT_EQ(answer_of(*bench.world, pair.rejected), pair.rejected_disease);
        Draws draws = kStream.at(7, n);
        draws.uniform();  // the proposal's draw
        const bool edit = std::string(report) == "edit";
        const AlternativeReport other =
            edit ? environment.edit(bench.cases, n, pair.rejected_disease, draws)
                 : environment.structural(bench.cases, n, pair.rejected_disease, draws);
        EXPECT_EQ(pair.rejected.tokens, make_trajectory(bench.world->vocabulary(), other.report,
                                                        other.category, pair.rejected_disease)
                                            .tokens);
      }
    }
  }
}

// The forms of the prototype's step pairs and their shares.
TEST(ConceptGraphExpert, RandomStepPairsHaveTheDocumentedShares) {
  const Bench bench(kRule, 20);
  const auto expert = make_expert("{type: concept_graph, propose: uniform, cut: random_step}");
  constexpr int kDraws = 40000;
  const int n = 3;
  const int mentions = count_mentions(bench.cases.report_of(n));
  ASSERT_GT(mentions, 2);
  double whole = 0, direct = 0, complete = 0;
  std::vector<double> at(mentions + 1, 0.0);
  const Token answer_now = Vocabulary::answer_now();
  for (int i = 0; i < kDraws; ++i) {
    const Pair pair = expert->propose(bench.context(), n, true, kStream, i);
    const auto& c = pair.chosen.tokens;
    const auto& r = pair.rejected.tokens;
    const bool same_prefix = c.size() == r.size() && std::equal(c.begin(), c.end() - 2, r.begin());
    if (c[c.size() - 3] == answer_now) {
      ASSERT_TRUE(same_prefix);
      const std::size_t length = c.size() - (c.size() == 4 ? 4 : 5);  // findings
      at[length] += 1;
      direct += c.size() == 4;
    } else if (same_prefix) {
      complete += 1;  // an edit always changes something between these diseases, see below
    } else {
      whole += 1;
    }
  }
  const auto near = [&](double count, double p, const char* name) {
    EXPECT_NEAR(count / kDraws, p, 5 * std::sqrt(p * (1 - p) / kDraws)) << name;
  };
  const double step = 0.5 * 0.4 / (mentions + 1);
  near(direct, 0.5 * 0.3 + step, "direct");  // no finding kept reads as a direct answer
  for (int m = 1; m <= mentions; ++m) near(at[m], step, "cut");
  near(complete, 0.5 * 0.3, "complete");
  near(whole, 0.5, "whole");
}

TEST(ConceptGraphExpert, EditNoiseLeavesTheReportAsItWas) {
  const Bench bench(kConcept, 300);
  const auto all = make_expert("{type: concept_graph, propose: uniform, edit_noise: 1}");
  const auto half = make_expert("{type: concept_graph, propose: uniform, edit_noise: 0.5}");
  const auto none = make_expert("{type: concept_graph, propose: uniform}");
  double kept = 0;
  double edits = 0;
  for (int n = 0; n < 300; ++n) {
    const Pair same = all->propose(bench.context(), n, true, kStream, 0);
    EXPECT_TRUE(std::equal(same.chosen.tokens.begin(), same.chosen.tokens.end() - 2,
                           same.rejected.tokens.begin()));
    const Trajectory some = half->propose(bench.context(), n, true, kStream, 0).rejected;
    const Trajectory full = none->propose(bench.context(), n, true, kStream, 0).rejected;
    const Vocabulary& v = bench.world->vocabulary();
    const auto slots = [&](const Trajectory& t) {
      std::vector<Slot> out(v.attributes());
      for (Token token : t.tokens) {
        if (v.is_finding(token)) out[v.attribute_of(token)] = v.slot_of(token);
      }
      return out;
    };
    const auto a = slots(full), b = slots(some);
    for (int k = 0; k < v.attributes(); ++k) {
      if (a[k] == bench.cases.report_of(n)[k]) continue;
      edits += 1;
      kept += b[k] == bench.cases.report_of(n)[k];
    }
  }
  EXPECT_NEAR(kept / edits, 0.5, 5 * 0.5 / std::sqrt(edits) + 0.01);  // the cap adds a little
}

TEST(ConceptGraphExpert, NeedsAConceptGraph) {
  const Bench bandit("bandit", 5);
  const auto expert = make_expert("{type: concept_graph, propose: uniform}");
  try {
    expert->propose(bandit.context(), 0, true, kStream, 0);
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("concept graph"), std::string::npos);
  }
}

TEST(ConceptGraphExpert, MistakesInOptionsAreErrors) {
  for (const char* bad :
       {"{type: concept_graph, propose: nearby}", "{type: concept_graph, neighbours: 0}",
        "{type: concept_graph, cut: half}", "{type: concept_graph, cut_probability: 1.5}",
        "{type: concept_graph, direct_share: 0.8}", "{type: concept_graph, report: rewrite}",
        "{type: random, propose: uniform}"}) {
    EXPECT_THROW(make_expert(bad), InputError) << bad;
  }
}

TEST(Experts, PolicyIsAskedForByConfusionAlone) {
  EXPECT_TRUE(make_expert("{type: concept_graph, propose: confusion}")->needs_policy());
  EXPECT_TRUE(make_expert("{type: answer_only, propose: confusion}")->needs_policy());
  EXPECT_FALSE(make_expert("concept_graph")->needs_policy());
  EXPECT_FALSE(make_expert("random")->needs_policy());
}

// The same proposal with and without thinking, so that arms are paired by case.
TEST(Experts, TheDirectPairHasTheSameAlternativeDiagnosis) {
  const Bench bench(kConcept, 100);
  for (const char* text :
       {"concept_graph", "random", "answer_only", "{type: concept_graph, cut: random_step}"}) {
    const auto expert = make_expert(text);
    for (int n = 0; n < 100; ++n) {
      EXPECT_EQ(expert->propose(bench.context(), n, true, kStream, 2).rejected_disease,
                expert->propose(bench.context(), n, false, kStream, 2).rejected_disease);
    }
  }
}

// The first wrong draw of the policy is taken as it is; where every draw is right, its chain gets a
// diagnosis that the policy believes in.
TEST(SelfExpert, TakesThePolicysFirstMistake) {
  const test::Bench bench("{type: concept, graph: cxr}");
  const auto expert = test::make_expert("{type: self, attempts: 3}");
  const Vocabulary& v = bench.world->vocabulary();
  int calls = 0;
  ExpertContext context = bench.context();
  const auto answer_with = [&](int n, int z) {
    return make_trajectory(v, bench.cases.report_of(n), -1, z);
  };
  context.policy_sample = [&](int n, const Stream&) {
    const int z = bench.cases.disease[n];
    return answer_with(n, ++calls == 2 ? (z + 5) % 12 : z);
  };
  const Pair second = expert->propose(context, 4, true, Stream(1, Purpose::kExpert, 0), 0);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(second.rejected_disease, (bench.cases.disease[4] + 5) % 12);
  EXPECT_EQ(second.rejected.tokens, answer_with(4, second.rejected_disease).tokens);
  std::set<std::uint32_t> numbers;
  context.policy_sample = [&](int n, const Stream& stream) {
    ++calls;
    numbers.insert(stream.at(0, 0).bits());
    return answer_with(n, bench.cases.disease[n]);
  };
  calls = 0;
  const Pair none = expert->propose(context, 4, true, Stream(1, Purpose::kExpert, 0), 0);
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(numbers.size(), 3U) << "every attempt draws anew";
  EXPECT_NE(none.rejected_disease, bench.cases.disease[4]);
  EXPECT_EQ(none.rejected.tokens, answer_with(4, none.rejected_disease).tokens);
}

}  // namespace
}  // namespace tightrope
