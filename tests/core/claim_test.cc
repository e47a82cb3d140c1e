// SPDX-License-Identifier: Apache-2.0
#include "core/tables/claim.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/stats/interval.h"
#include "core/tables/aggregate_table.h"
#include "core/tables/table.h"

namespace tightrope {
namespace {

const std::vector<std::string> kArms = {"a", "b", "c"};

Results made(std::vector<double> a, std::vector<double> b) {
  std::vector<RunResult> runs;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (const auto& [arm, value] : {std::pair{"a", a[i]}, {"b", b[i]}}) {
      RunResult run;
      run.arm = arm;
      run.seed = static_cast<std::int64_t>(i);
      run.values[{"accuracy", "target", "all"}] = value;
      runs.push_back(run);
    }
  }
  return Results(std::move(runs), {"a", "b"}, "target");
}

TEST(Interval, QuantilesAndWidthsOfPublishedTables) {
  // Student's t, two-sided 95 %: standard tables.
  EXPECT_NEAR(t_quantile(0.975, 9), 2.262157, 1e-6);
  EXPECT_NEAR(t_quantile(0.975, 3), 3.182446, 1e-6);
  const std::vector<double> values = {1, 2, 3, 4};
  const Interval interval = mean_interval(values);
  EXPECT_DOUBLE_EQ(interval.mean, 2.5);
  EXPECT_NEAR(interval.half_width, 3.182446 * std::sqrt(5.0 / 3.0) / 2, 1e-6);
}

TEST(Interval, FrozenLanesAreLeftOutAndCounted) {
  const std::vector<double> values = {1, std::nan(""), 3};
  EXPECT_EQ(mean_interval(values).n, 2);
  EXPECT_DOUBLE_EQ(mean_interval(values).mean, 2);
  EXPECT_EQ(judge_positive(mean_interval(std::vector<double>{1.0})), Verdict::kUndecided);
}

TEST(Claim, ChainsHoldFailOrStayUndecided) {
  const Claim claim = parse_claim("n", "a < b", "accuracy(target)", kArms);
  EXPECT_EQ(judge(claim, made({1, 2, 3}, {1.5, 2.6, 3.4}), "confirm").verdict, Verdict::kHolds);
  EXPECT_EQ(judge(claim, made({1.5, 2.6, 3.4}, {1, 2, 3}), "confirm").verdict, Verdict::kFails);
  EXPECT_EQ(judge(claim, made({1, 2, 3}, {2, 1, 3.1}), "confirm").verdict, Verdict::kUndecided);
}

TEST(Claim, ContrastsAddUpPairedBySeed) {
  const Claim claim = parse_claim("n", "2 * b - a - 0.5 > 0", "accuracy", kArms);
  const ClaimVerdict verdict = judge(claim, made({1, 2, 3}, {1, 2, 3}), "confirm");
  EXPECT_DOUBLE_EQ(verdict.parts[0].interval.mean, 1.5);
}

TEST(Claim, TermsMayNameTheirColumn) {
  const Claim claim =
      parse_claim("n", "a[accuracy(target, single)] > b[kl_answer(source)]", "", kArms);
  EXPECT_EQ(claim.parts[0].terms[0].column.subset, "single");
  EXPECT_EQ(claim.parts[0].terms[1].column.metric, "kl_answer");
  EXPECT_DOUBLE_EQ(claim.parts[0].terms[1].coefficient, -1);
}

TEST(Claim, MistakesAreNamed) {
  for (const auto& [says, part] : {std::pair{"a b", "expected < or >"},
                                   {"a < d", "the arm \"d\", which does not exist"},
                                   {"a < ", "expected the name of an arm"},
                                   {"a[accuracy < b", "missing ]"}}) {
    try {
      parse_claim("n", says, "accuracy(target)", kArms);
      ADD_FAILURE() << says;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }
}

TEST(Table, RendersMeasuredBesidePublished) {
  const Results results = made({0.5, 0.6}, {0.7, 0.9});
  const Published published{"a paper", "%", {{"a", 73.8, {}}}};
  const ResultTable table =
      make_table("t", {"a", "b"}, {parse_column("accuracy")}, results, "confirm", published);
  EXPECT_EQ(to_markdown(table),
            "**t**: mean and 95 % t interval over 2 confirm seeds\n\n"
            "| arm | accuracy | published (%) |\n|---|---|---|\n"
            "| a | 0.550 ± 0.635 | 73.8 |\n| b | 0.800 ± 1.271 | - |\n\nPublished: a paper\n");
  EXPECT_NE(to_latex(table).find("a & $0.550 \\pm 0.635$ & 73.8 \\\\"), std::string::npos);
  EXPECT_NE(to_csv(table).find("t,confirm,a,accuracy,2,0.55000000000000004,"), std::string::npos);
}

// A paper's row of its own, where it has figures by column.
TEST(Table, RendersFiguresByColumn) {
  const Results results = made({0.5, 0.6}, {0.7, 0.9});
  const std::vector<Column> columns = {parse_column("accuracy"), parse_column("entropy")};
  const Published published{"a paper", "%", {{"a", {}, {{columns[1], 12.5}}}}};
  const ResultTable table = make_table("t", {"a", "b"}, columns, results, "confirm", published);
  EXPECT_EQ(to_markdown(table),
            "**t**: mean and 95 % t interval over 2 confirm seeds\n\n"
            "| arm | accuracy | entropy |\n|---|---|---|\n"
            "| a | 0.550 ± 0.635 | - |\n| published (%) | - | 12.5 |\n"
            "| b | 0.800 ± 1.271 | - |\n\nPublished: a paper\n");
  EXPECT_NE(to_latex(table).find("published (\\%) & - & 12.5 \\\\"), std::string::npos)
      << to_latex(table);
  EXPECT_NE(to_csv(table).find(",12.5\n"), std::string::npos);
}

// Two claims of three parts: t = 1.5 / (0.1 / sqrt(3)) and so on; Holm over all three.
TEST(Claim, AllPartsOfAllClaimsAreOneFamily) {
  const Results results = made({1, 2, 3}, {2.4, 3.5, 4.6});
  std::vector<ClaimVerdict> claims;
  for (const char* says : {"a < b < a", "b > 3"}) {
    claims.push_back(judge(parse_claim("n", says, "accuracy", kArms), results, "confirm"));
  }
  const double p = claims[0].parts[0].p_value;
  EXPECT_LT(p, 0.01);
  EXPECT_DOUBLE_EQ(claims[0].parts[0].p_holm, 2 * p);
  correct_family(claims);
  EXPECT_DOUBLE_EQ(claims[0].parts[0].p_holm, 3 * p);
  EXPECT_DOUBLE_EQ(claims[0].parts[1].p_holm, 3 * p);
  EXPECT_DOUBLE_EQ(claims[1].parts[0].p_holm, claims[1].parts[0].p_value);
  EXPECT_DOUBLE_EQ(claims[0].parts[0].p_flip, 2.0 / 8);
}

TEST(Claim, RendersEveryNumber) {
  const Results results = made({1, 2, 3, 4}, {2, 2, 5, std::nan("")});
  const ClaimVerdict verdict =
      judge(parse_claim("n_1", "a < b", "accuracy", kArms), results, "confirm");
  // Differences 1, 0, 2: mean 1, deviation 1, t interval 1 -+ 4.302653 / sqrt(3). Resamples of
  // three: the mean 0 comes up once in 27, and as often 2. Sign flips: |sum| >= 3 in 4 of 8.
  EXPECT_EQ(
      to_markdown({verdict}, "confirm"),
      "**claims**, judged on confirm seeds (paired by seed, 95 % t interval); undecided: the "
      "seeds that would decide the estimate, and the effect that these seeds show with 80 % "
      "power\n\n| claim | verdict | contrast | estimate | 95 % t interval | 95 % BCa interval "
      "| p (t) | p (Holm) | p (sign flip) | n |\n|---|---|---|---|---|---|---|---|---|---|\n"
      "| n_1 | **undecided (about 7 seeds would decide; 3.2640 would have shown)** | a < b | "
      "+1.0000 | [-1.4841, +3.4841] | [+0.0000, +2.0000] | 0.23 | 0.23 | 0.5 | 3 |\n");
  EXPECT_NE(
      to_csv({verdict}, "confirm").find("confirm,n_1,undecided,a < b,undecided,3,1,1,-1.4841377"),
      std::string::npos)
      << to_csv({verdict}, "confirm");
  EXPECT_NE(to_latex({verdict}, "confirm")
                .find("n\\_1 & undecided (about 7 seeds would decide; 3.2640 would have shown) & a "
                      "$<$ b & $+1.0000$ & $[-1.4841, +3.4841]$ & $[+0.0000, +2.0000]$ & $0.23$"),
            std::string::npos)
      << to_latex({verdict}, "confirm");
}

TEST(Claim, OneSeedRendersNoTest) {
  const ClaimVerdict verdict =
      judge(parse_claim("n", "a < b", "accuracy", kArms), made({1}, {2}), "confirm");
  EXPECT_NE(to_markdown({verdict}, "confirm")
                .find("| n | **undecided** | a < b | +1.0000 | - | - | - | - | - | 1 |"),
            std::string::npos)
      << to_markdown({verdict}, "confirm");
}

TEST(Table, AggregatesArmsInTheFirstColumn) {
  const Results results = made({0.1, 0.2, 0.3, std::nan("")}, {0.2, 0.2, 0.5, 0.6});
  const ResultTable table =
      make_table("t", {"a", "b"}, {parse_column("accuracy")}, results, "confirm", {});
  const AggregateTable aggregate = make_aggregate(table, results);
  // b's middle two: (.2 + .5) / 2. Pairs b > a: 1.5 + 1.5 + 3 + 3 of 12.
  EXPECT_DOUBLE_EQ(aggregate.rows[1].interquartile_mean.value, 0.35);
  EXPECT_DOUBLE_EQ(aggregate.rows[1].above_first.value, 9.0 / 12);
  EXPECT_EQ(to_markdown(aggregate),
            "**t_aggregate**: interquartile mean of accuracy over 4 confirm seeds, and probability "
            "that a run lies above one of a; 95 % bootstrap intervals\n\n"
            "| arm | interquartile mean | P(above a) | n |\n|---|---|---|---|\n"
            "| a | 0.200 [0.100, 0.300] | - | 3 |\n"
            "| b | 0.350 [0.200, 0.600] | 0.750 [0.333, 1.000] | 4 |\n");
  EXPECT_NE(to_csv(aggregate).find("t,confirm,b,accuracy,4,0.34999999999999998,"),
            std::string::npos)
      << to_csv(aggregate);
  EXPECT_NE(to_latex(aggregate).find("b & 0.350 [0.200, 0.600] & 0.750 [0.333, 1.000] & 4 \\\\"),
            std::string::npos)
      << to_latex(aggregate);
}

}  // namespace
}  // namespace tightrope
