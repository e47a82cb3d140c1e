// SPDX-License-Identifier: Apache-2.0
// Several trajectories per case: rloo, grpo and reinforce on the bandit through the engine.
#include "tests/experiments/bandit_lane.h"

namespace tightrope {
namespace {

constexpr double kOptimum[] = {0.5792585299, 0.0783941172, 0.2130973043, 0.1292500486};
const std::atomic<bool> kGoOn{false};

// Where each rule must end with beta 0.5: the Boltzmann policy. The group's mean as baseline halves
// the reward for two trajectories, k2 in the loss then needs half the beta.
TEST(GroupRollout, ReachesTheBoltzmannOptimumOfTheBandit) {
  for (const char* optimizer :
       {"{type: rloo, beta: 0.5}", "{type: rloo, beta: 0.5, num_generations: 4, minibatches: 2}",
        "{type: reinforce, kl_coefficient: 0.5, baseline: leave_one_out, num_generations: 2}",
        "{type: reinforce, kl_coefficient: 0.5, baseline: greedy}",
        "{type: reinforce, kl_coefficient: 0.5, baseline: ema}",
        "{type: grpo, beta: 0.25, kl_estimator: k2, scale_rewards: none, num_generations: 2}"}) {
    for (int seed = 0; seed < 2; ++seed) {
      const Trained trained =
          start(bandit({std::string("rl.optimizer=") + optimizer, "rl.batch=256"}), seed);
      trained.lane->advance(400, kGoOn);
      ASSERT_LT(trained.lane->frozen().step, 0) << trained.lane->frozen().cause;
      const std::vector<double> law = law_of(*trained.lane);
      for (int a = 0; a < 4; ++a) EXPECT_NEAR(law[a], kOptimum[a], 0.04) << optimizer;
    }
  }
}

// Whole groups stay together, each case once per epoch, with its trajectories' advantages.
TEST(GroupRollout, MinibatchesHoldWholeGroups) {
  const Trained trained = start(
      bandit({"rl.optimizer={type: rloo, num_generations: 3, minibatches: 2}", "rl.batch=8"}), 0);
  for (int update = 0; update < 2; ++update) {
    const std::optional<LaneStep> step = trained.lane->next(1, kGoOn);
    ASSERT_TRUE(step.has_value());
    EXPECT_EQ(step->batch->cases(), 4);
    EXPECT_EQ(step->batch->trajectories(), 12);
    for (int c = 0; c < 4; ++c) {
      double sum = 0;
      for (int n = step->batch->group_begin[c]; n < step->batch->group_begin[c + 1]; ++n) {
        sum += step->data.advantage[step->batch->offset[n] + 2];
      }
      EXPECT_NEAR(sum, 0, 1e-12) << "leave-one-out advantages of a group sum to 0";
    }
    trained.lane->policy().step(step->parameters, *step->batch, step->data, step->wanted,
                                *step->pullback, step->gradient, trained.lane->workspace());
    trained.lane->take();
  }
  EXPECT_FALSE(trained.lane->next(1, kGoOn).has_value());
}

// Cases whose scores are all equal are replaced: nothing is drawn twice, every group has a spread.
TEST(GroupRollout, DynamicSamplingFillsTheBatch) {
  for (const char* data :
       {"{kind: stream, environment: source}", "{kind: fixed, cases: 64, environment: source}"}) {
    const Trained trained =
        start(bandit({"rl.optimizer={type: grpo, num_generations: 2, dynamic_sampling: 20}",
                      "rl.batch=32", std::string("rl.data=") + data}),
              1);
    trained.lane->advance(3, kGoOn);
    for (std::size_t step = 0; step < 3; ++step) {
      EXPECT_EQ(scalar_of(*trained.lane, "frac_reward_zero_std", step), 0);
      EXPECT_EQ(scalar_of(*trained.lane, "cases/used", step), 32);
      EXPECT_GT(scalar_of(*trained.lane, "cases/drawn", step), 32);
    }
    const Trained without = start(bandit({"rl.optimizer={type: grpo, num_generations: 2}",
                                          "rl.batch=32", std::string("rl.data=") + data}),
                                  1);
    without.lane->advance(1, kGoOn);
    EXPECT_GT(scalar_of(*without.lane, "frac_reward_zero_std", 0), 0.1);
  }
}

TEST(GroupRollout, ResumesBitForBit) {
  for (const char* optimizer :
       {"{type: reinforce, baseline: ema}", "{type: rloo, num_generations: 3, minibatches: 2}",
        "{type: grpo, num_generations: 2, dynamic_sampling: 3, beta: 0.1}"}) {
    const std::vector<std::string> sets = {std::string("rl.optimizer=") + optimizer, "rl.batch=16",
                                           "rl.data={kind: fixed, cases: 64, environment: source}"};
    const Trained whole = start(bandit(sets), 3), first = start(bandit(sets), 3),
                  second = start(bandit(sets), 3);
    whole.lane->advance(12, kGoOn);
    first.lane->advance(5, kGoOn);
    Checkpoint checkpoint(1);
    first.lane->save(checkpoint, "lane");
    second.lane->load(checkpoint, "lane");
    second.lane->advance(12, kGoOn);
    EXPECT_EQ(second.lane->parameters(), whole.lane->parameters()) << optimizer;
  }
}

}  // namespace
}  // namespace tightrope
