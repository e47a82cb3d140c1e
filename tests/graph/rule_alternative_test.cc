// SPDX-License-Identifier: Apache-2.0
// Alternative reports of a rule world: what edit changes, and the law of the structural one.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "tests/graph/rule_support.h"

namespace tightrope {
namespace {

bool says(const RuleLaw& law, std::span<const Slot> report, int j) {
  const int g = law.category_of[j];
  if (!law.is_pair(g)) return true;
  const auto [first, second] = reported_deciding(law, g, report);
  return rule_holds(law.rule, first, second) == (j == law.member[g][1]);
}

TEST(RuleAlternative, EditAgreesWithTheRuleAndTouchesPlanAndDecidingFindingsAlone) {
  for (Rule rule : {Rule::kOne, Rule::kAnd, Rule::kXor}) {
    const RuleLaw law = test::tiny_rule_law(rule, false, 0, 5);
    const auto environment = test::tiny_rule_environment(law);
    Cases cases;
    environment->sample(Stream(1, Purpose::kData, 0), 0, 0, 400, cases);
    for (int n = 0; n < cases.size(); ++n) {
      for (int j = 0; j < 3; ++j) {
        if (j == cases.disease[n]) continue;
        Draws draws = Stream(2, Purpose::kExpert, 0).at(0, n);
        const AlternativeReport other = environment->edit(cases, n, j, draws);
        ASSERT_EQ(other.category, law.category_of[j]);
        EXPECT_TRUE(says(law, other.report, j)) << n << " " << j;
        const CounterfactualPlan plan = environment->graph().plan(cases.disease[n], j);
        for (int k : plan.keep) {
          const bool deciding = j < 2 && (k == 1 || k == 3);
          if (!deciding) {
            EXPECT_EQ(other.report[k], cases.report_of(n)[k]);
          }
        }
        for (int k : plan.remove) {
          if (j == 2 || (k != 1 && k != 3)) {
            EXPECT_EQ(other.report[k], Slot::kSilent);
          }
        }
        for (int k : plan.add) {
          if (j == 2 || (k != 1 && k != 3)) {
            EXPECT_TRUE(other.report[k] == Slot::kSynonym0 || other.report[k] == Slot::kSynonym1);
          }
        }
      }
    }
  }
}

TEST(RuleAlternative, EditChangesNoMoreDecidingFindingsThanNeeded) {
  const RuleLaw law = test::tiny_rule_law(Rule::kXor, false, 0, 5);
  const auto environment = test::tiny_rule_environment(law);
  Cases cases;
  environment->sample(Stream(1, Purpose::kData, 0), 0, 0, 2000, cases);
  int first_flipped = 0;
  int total = 0;
  for (int n = 0; n < cases.size(); ++n) {
    if (cases.disease[n] > 1) continue;
    const int j = 1 - cases.disease[n];
    Draws draws = Stream(2, Purpose::kExpert, 0).at(0, n);
    const AlternativeReport other = environment->edit(cases, n, j, draws);
    const auto before = reported_deciding(law, 0, cases.report_of(n));
    const auto after = reported_deciding(law, 0, other.report);
    const int changes = (before[0] != after[0]) + (before[1] != after[1]);
    EXPECT_EQ(changes, says(law, cases.report_of(n), j) ? 0 : 1);
    if (changes == 1) {
      ++total;
      first_flipped += before[0] != after[0];
    }
  }
  EXPECT_NEAR(first_flipped, 0.5 * total, 5 * std::sqrt(0.25 * total));
}

// Given u, with (u, z) ~ P(u) P(z | u) and j fixed, the structural report has the law of reports of
// j. Exact for a single j; for a member of a pair the deciding findings and the rest have their
// joint law because they are independent given (u, g). Every marginal slot frequency is compared.
TEST(RuleAlternative, StructuralReportsHaveTheLawOfReportsOfJ) {
  for (bool from_image : {false, true}) {
    const RuleLaw law = test::tiny_rule_law(Rule::kXor, from_image, 5, 5);
    const auto environment = test::tiny_rule_environment(law);
    Cases cases;
    constexpr int kCases = 120000;
    environment->sample(Stream(3, Purpose::kData, 0), 0, 0, kCases, cases);
    for (int j = 0; j < 3; ++j) {
      // [site, slot of k, pair of deciding values]
      std::map<int, double> other_count, own_count;
      double other_total = 0;
      double own_total = 0;
      for (int n = 0; n < kCases; ++n) {
        if (cases.site[n] != 0) continue;
        const auto count = [&](std::map<int, double>& into, std::span<const Slot> report) {
          for (int k = 0; k < 5; ++k) into[10 * k + static_cast<int>(report[k])] += 1;
          const auto has = reported_deciding(law, 0, report);
          into[1000 + 2 * has[0] + has[1]] += 1;
        };
        if (cases.disease[n] == j) {
          count(own_count, cases.report_of(n));
          own_total += 1;
        }
        if (cases.category[n] == law.category_of[j] && cases.disease[n] == j) continue;
        Draws draws = Stream(4, Purpose::kExpert, 0).at(0, n);
        count(other_count, environment->structural(cases, n, j, draws).report);
        other_total += 1;
      }
      // Cases of the pair-mate carry information on attributes that z leaves independent; for them
      // and for cases of other categories alike the marginal law given (u, g_j, z = j) is reached.
      for (const auto& [key, count] : own_count) {
        const double p = count / own_total;
        const double q = other_count[key] / other_total;
        const double error = std::sqrt(p * (1 - p) * (1 / own_total + 1 / other_total));
        EXPECT_NEAR(p, q, 5.5 * error + 1e-12) << from_image << " j " << j << " key " << key;
      }
    }
  }
}

TEST(RuleAlternative, UnchangedAttributesKeepTheirSlots) {
  RuleLaw law = test::tiny_rule_law(Rule::kXor, false, 6, 5);
  law.theta.assign(law.theta.size(), 0.4);  // the category no longer matters to attributes
  const auto environment = test::tiny_rule_environment(law);
  Cases cases;
  environment->sample(Stream(3, Purpose::kData, 0), 0, 0, 500, cases);
  for (int n = 0; n < cases.size(); ++n) {
    for (int j = 0; j < 3; ++j) {
      Draws draws = Stream(4, Purpose::kExpert, 0).at(0, n);
      const AlternativeReport other = environment->structural(cases, n, j, draws);
      for (int k = 0; k < 5; ++k) {
        if (j < 2 && (k == 1 || k == 3)) continue;
        EXPECT_EQ(other.report[k], cases.report_of(n)[k]);
      }
    }
  }
}

TEST(RuleAlternative, TheCapKeepsDecidingFindings) {
  const RuleLaw law = test::tiny_rule_law(Rule::kXor, false, 7, 2);
  RuleLaw loud = law;
  loud.mention_absent.assign(5, 1.0);  // every slot is written: the cap always cuts
  loud.mention_present.assign(5, 1.0);
  const auto environment = test::tiny_rule_environment(loud);
  Cases cases;
  environment->sample(Stream(3, Purpose::kData, 0), 0, 0, 300, cases);
  for (int n = 0; n < cases.size(); ++n) {
    EXPECT_EQ(count_mentions(cases.report_of(n)), 2);
    for (int j = 0; j < 2; ++j) {
      Draws draws = Stream(4, Purpose::kExpert, 0).at(0, n);
      const AlternativeReport other = environment->structural(cases, n, j, draws);
      EXPECT_LE(count_mentions(other.report), 2);
      EXPECT_NE(other.report[1], Slot::kSilent);
      EXPECT_NE(other.report[3], Slot::kSilent);
    }
  }
}

}  // namespace
}  // namespace tightrope
