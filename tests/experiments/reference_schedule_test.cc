// SPDX-License-Identifier: Apache-2.0
// References that follow the policy: by the clock, by a moving average, by a detector's alarm.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/experiments/tiny_lane.h"

namespace tightrope {
namespace {

const std::atomic<bool> kGoOn{false};

Trained lane_with(const std::string& schedule, std::vector<std::string> sets = {}) {
  sets.push_back("rft.reference_schedule=" + schedule);
  return tiny_lane(1, sets);
}

TEST(ReferenceSchedule, FrozenIsTheDefaultBitForBit) {
  const Trained plain = lane_with("null"), frozen = lane_with("frozen");
  const Trained never = lane_with("{type: sync, every: 1000}");
  for (const Trained* t : {&plain, &frozen, &never}) t->lane->advance(20, kGoOn);
  EXPECT_EQ(frozen.lane->parameters(), plain.lane->parameters());
  EXPECT_EQ(never.lane->parameters(), plain.lane->parameters()) << "computed batch by batch";
  EXPECT_EQ(plain.lane->reference(), never.lane->reference());
}

TEST(ReferenceSchedule, SyncMovesOnItsSteps) {
  const Trained t = lane_with("{type: sync, every: 5, mix: 1}");
  t.lane->advance(5, kGoOn);
  EXPECT_EQ(t.lane->reference(), t.lane->parameters());
  const std::vector<float> kept = t.lane->reference();
  t.lane->advance(9, kGoOn);
  EXPECT_EQ(t.lane->reference(), kept);
  for (std::size_t step = 0; step < 9; ++step) {
    EXPECT_EQ(scalar_of(*t.lane, "reference/weight", step), step == 4 ? 1 : 0);
  }
  // The step after a hard update is a first step again: every margin is 0.
  EXPECT_EQ(scalar_of(*t.lane, "rewards/margins", 5), 0);
  EXPECT_NE(scalar_of(*t.lane, "rewards/margins", 6), 0);
}

TEST(ReferenceSchedule, EmaIsTheRecursionOfItsDecay) {
  const Trained t = lane_with("{type: ema, decay: 0.75}");
  std::vector<float> expected = t.lane->reference();
  for (int step = 1; step <= 6; ++step) {
    t.lane->advance(step, kGoOn);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      expected[i] = 0.25F * t.lane->parameters()[i] + 0.75F * expected[i];
    }
    ASSERT_EQ(t.lane->reference(), expected) << step;
  }
}

// A stream whose prior and wording change at step 100 of the second stage: the loss rises, the
// detector says so, and the reference is renewed soon after and not before.
TEST(ReferenceSchedule, AnAlarmFollowsTheDrift) {
  const std::vector<std::string> sets = {
      "rft.steps=300",
      "rft.batch=32",
      "rft.data={kind: stream, environment: now}",
      "rft.optimizer={type: dpo, beta: 1, rpo_alpha: 1}",
      "rft.stepper={type: adam, lr: 0.01}",
      "drift=[{type: sudden, factor: mechanism, at: 210, to: permuted}, {type: sudden, factor: "
      "lexical, at: 210, to: reversed}]"};
  const Trained t = lane_with(
      "{type: on_alarm, mix: 0.75, watch: nll_loss, detector: {type: page_hinkley, mode: up, "
      "delta: 0.02, "
      "threshold: 1, min_instances: 50}}",
      sets);
  t.lane->advance(300, kGoOn);
  ASSERT_LT(t.lane->frozen().step, 0) << t.lane->frozen().cause;
  std::vector<std::size_t> moved;
  for (std::size_t step = 0; step < 300; ++step) {
    const double weight = scalar_of(*t.lane, "reference/weight", step);
    if (weight == 0) continue;
    EXPECT_EQ(weight, 0.75);
    moved.push_back(step);
  }
  ASSERT_FALSE(moved.empty());
  EXPECT_GE(moved.front(), 150U) << "stream time 210 is step 150 of the second stage";
  EXPECT_LE(moved.front(), 170U);
}

TEST(ReferenceSchedule, ResumesBitForBit) {
  for (const char* schedule :
       {"{type: ema, decay: 0.9}", "{type: sync, every: 4}",
        "{type: on_alarm, watch: loss, detector: {type: adwin, clock: 1, grace_period: 5}}"}) {
    for (const char* expert : {"{type: random}", "{type: concept_graph, propose: confusion}"}) {
      const std::vector<std::string> sets = {std::string("rft.expert=") + expert};
      const Trained whole = lane_with(schedule, sets), first = lane_with(schedule, sets),
                    second = lane_with(schedule, sets);
      whole.lane->advance(30, kGoOn);
      first.lane->advance(11, kGoOn);
      Checkpoint checkpoint(1);
      first.lane->save(checkpoint, "lane");
      second.lane->load(checkpoint, "lane");
      second.lane->advance(30, kGoOn);
      EXPECT_EQ(second.lane->parameters(), whole.lane->parameters()) << schedule << expert;
      EXPECT_EQ(second.lane->reference(), whole.lane->reference()) << schedule << expert;
    }
  }
}

// Rollouts take the reference as it is at their step.
TEST(ReferenceSchedule, RolloutsFollowToo) {
  const Trained t = start(bandit({"rl.reference_schedule={type: sync, every: 3, mix: 1}",
                                  "rl.optimizer={type: rloo, beta: 0.5}"}),
                          0);
  t.lane->advance(3, kGoOn);
  EXPECT_EQ(t.lane->reference(), t.lane->parameters());
  t.lane->advance(4, kGoOn);
  EXPECT_NEAR(scalar_of(*t.lane, "kl_to_reference", 3), 0, 1e-12);
  EXPECT_NE(scalar_of(*t.lane, "kl_to_reference", 2), 0);
}

std::string error_of(const std::string& schedule, const std::string& optimizer) {
  try {
    lane_with(schedule, {"rft.optimizer=" + optimizer});
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(ReferenceSchedule, ErrorsSayWhatDoesNotFit) {
  EXPECT_NE(error_of("{type: ema}", "{type: simpo}").find("has no reference"), std::string::npos);
  EXPECT_NE(error_of("{type: on_alarm, watch: los}", "{type: dpo}").find("did you mean \"loss\""),
            std::string::npos);
  EXPECT_NE(error_of("{type: on_alarm, detector: {type: adwn}}", "{type: dpo}").find("adwin"),
            std::string::npos);
  const std::string nested = error_of("{type: on_alarm, detector: {type: adwin, delta: 7}}", "dpo");
  EXPECT_NE(nested.find("stages.1.reference_schedule: detector.delta: expected a number"),
            std::string::npos)
      << nested;
  EXPECT_NE(error_of("{type: sync, mix: 2}", "{type: dpo}").find("mix"), std::string::npos);
}

}  // namespace
}  // namespace tightrope
