// SPDX-License-Identifier: Apache-2.0
#include "experiments/plan.h"

#include <gtest/gtest.h>

#include "experiments/runner.h"
#include "experiments/tuning.h"
#include "tests/experiments/engine_support.h"

namespace tightrope {
namespace {

Plan plan_of(const std::vector<std::string>& sets) {
  return Plan(load_experiment_tree(engine_test::kTiny, sets), {{"confirm", {0, 1}}});
}

TEST(Plan, EqualHistoriesAreOneSegment) {
  const Plan plan = plan_of({});
  EXPECT_EQ(plan.runs().size(), 4U);      // two arms, two seeds
  EXPECT_EQ(plan.segments().size(), 6U);  // one SFT stage per seed, four fine-tuning stages
  for (const tightrope::Run& run : plan.runs()) {
    const Segment& last = plan.segments()[run.segments[1]];
    EXPECT_EQ(last.parent, run.segments[0]);
    EXPECT_EQ(plan.segments()[last.parent].seed, run.seed);
  }
}

TEST(Plan, PerLaneFieldsShareAPackAndStructureDoesNot) {
  // beta and lr are per lane; the optimizer's type and the number of steps are structure.
  const auto packs = [](const std::string& sweep) {
    return plan_of({"sweep=" + sweep}).packs().size();
  };
  EXPECT_EQ(packs("{grid: {rft.optimizer.beta: [0.1, 0.2, 0.4], rft.stepper.lr: [0.01, 0.02]}}"),
            2U);
  EXPECT_EQ(packs("{grid: {rft.steps: [30, 60]}}"), 4U);
}

TEST(Plan, AnotherKindOfDriftIsAnotherStructure) {
  const auto packs = [](const std::string& sweep) {
    return plan_of({"sweep=" + sweep, "seeds=0..1"}).packs().size();
  };
  EXPECT_EQ(packs("{grid: {drift.0.at: [20, 40]}}"), 2U);  // a time is per lane
  EXPECT_EQ(packs("{grid: {drift.0.factor: [prior, lexical]}}"), 4U);
}

TEST(Plan, AStageAfterAnotherHistoryIsAnotherSegment) {
  const Plan plan = plan_of({"sweep={grid: {sft.stepper.lr: [0.01, 0.02]}}"});
  EXPECT_EQ(plan.segments().size(), 8U);  // two settings, two seeds, two stages: nothing shared
}

TEST(Plan, AReferenceIsTheSegmentOfTheStageItNames) {
  const std::string stage =
      "data: {kind: fixed, cases: 64, environment: source}, steps: 60, "
      "stepper: {type: adam}";
  const Plan plan = plan_of(
      {"sweep={grid: {third.optimizer.beta: [0.1, 0.2]}}",
       "stages=[{name: sft, optimizer: {type: sft}, " + stage +
           "}, {name: second, optimizer: {type: sft}, " + stage +
           "}, {name: third, reference: sft, optimizer: {type: dpo}, expert: {type: random}, " +
           stage + "}]"});
  ASSERT_EQ(plan.runs().size(), 4U);
  for (const tightrope::Run& run : plan.runs()) {
    EXPECT_EQ(plan.segments()[run.segments[2]].parent, run.segments[1]);
    EXPECT_EQ(plan.segments()[run.segments[2]].reference, run.segments[0]);
    EXPECT_EQ(plan.segments()[run.segments[1]].reference, -1);
  }
}

TEST(Plan, IdsDependOnWhatInfluencesARunAlone) {
  const std::string id = plan_of({}).runs()[0].id;
  EXPECT_EQ(plan_of({"claims=[]", "description=other"}).runs()[0].id, id);
  EXPECT_NE(plan_of({"rft.optimizer.beta=0.31"}).runs()[0].id, id);
  EXPECT_NE(plan_of({"world.confounding=1.5"}).runs()[0].id, id);
}

TEST(Tuning, EveryArmChoosesFromTheSameGrid) {
  const Node tree = load_experiment_tree(
      engine_test::kTiny, {"tune={grid: {rft.stepper.lr: [0.01, 0.04]}, on: accuracy(source)}",
                           "seeds={explore: 0..1, confirm: 2..3}"});
  Problems problems;
  const Tuning tuning = read_tuning(tree, read_seed_sets(tree, problems), problems);
  ASSERT_TRUE(problems.empty());
  const Plan plan(tuning_tree(tree, tuning), {{"explore", {0, 1}}});
  EXPECT_EQ(plan.rows().size(), 4U);
  std::vector<RunResult> runs;
  for (const tightrope::Run& run : plan.runs()) {
    RunResult result;
    result.arm = run.row;
    result.seed = run.seed;
    result.seed_set = "explore";
    const bool large = run.row.find("0.04") != std::string::npos;
    const bool random = run.row.rfind("random", 0) == 0;
    result.values[{"accuracy", "source", "all"}] = large == random ? 0.9 : 0.5;
    runs.push_back(result);
  }
  const Choice choice = choose(tuning, plan, Results(runs, plan.rows(), "source"));
  EXPECT_EQ(choice.by_arm.at("random").find("rft.stepper.lr")->text(), "0.04");
  EXPECT_EQ(choice.by_arm.at("counterfactual").find("rft.stepper.lr")->text(), "0.01");
  const Plan chosen(chosen_tree(tree, choice), {{"confirm", {2, 3}}});
  EXPECT_EQ(chosen.rows(), (std::vector<std::string>{"random", "counterfactual"}));
}

}  // namespace
}  // namespace tightrope
