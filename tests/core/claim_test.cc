// SPDX-License-Identifier: Apache-2.0
#include "core/tables/claim.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/stats/interval.h"
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
  EXPECT_NE(to_csv(table).find("t,confirm,a,\"accuracy\",2,0.55000000000000004,"),
            std::string::npos);
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

}  // namespace
}  // namespace tightrope
