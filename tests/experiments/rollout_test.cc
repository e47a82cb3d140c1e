// SPDX-License-Identifier: Apache-2.0
// Rollout stages on the bandit: the known optimum, resuming, and what must be said of rewards.
#include <algorithm>
#include <cmath>

#include "tests/experiments/bandit_lane.h"

namespace tightrope {
namespace {

// Eight seeds, learning rate to 0: their mean lies within five standard errors (estimated from the
// seeds themselves, at least 0.002 for what clipping and 400 steps leave) of the Boltzmann policy.
TEST(Rollout, PpoReachesTheBoltzmannOptimumOfTheBandit) {
  const double optimum[] = {0.5792585299, 0.0783941172, 0.2130973043, 0.1292500486};
  const std::atomic<bool> go_on{false};
  double sum[4] = {}, squares[4] = {};
  for (int seed = 0; seed < 8; ++seed) {
    const Trained trained = start(bandit(), seed);
    trained.lane->advance(400, go_on);
    ASSERT_LT(trained.lane->frozen().step, 0) << trained.lane->frozen().cause;
    const std::vector<double> law = law_of(*trained.lane);
    for (int a = 0; a < 4; ++a) {
      EXPECT_NEAR(law[a], optimum[a], 0.04);
      sum[a] += law[a];
      squares[a] += law[a] * law[a];
    }
  }
  for (int a = 0; a < 4; ++a) {
    const double mean = sum[a] / 8;
    const double deviation = std::sqrt(std::max(0.0, (squares[a] - 8 * mean * mean) / 7));
    EXPECT_NEAR(mean, optimum[a], 0.002 + 5 * deviation / std::sqrt(8.0)) << a;
  }
}

// The same with a critic of its own: the transformer's value head, whose output weights start at 0,
// so that the reference is uniform.
TEST(Rollout, TransformerWithAValueHeadReachesTheOptimumToo) {
  const std::vector<std::string> sets = {
      "policy={type: transformer, layers: 1, width: 16, heads: 2, image_tokens: 1, value_head: "
      "true, output_gain: 0}",
      "rl.optimizer={type: ppo, kl_coefficient: 0.5, epochs: 2, minibatches: 2}",
      "rl.stepper={type: adam, lr: 0.01, schedule: linear, final: 0}"};
  const double optimum[] = {0.5792585299, 0.0783941172, 0.2130973043, 0.1292500486};
  const std::atomic<bool> go_on{false};
  for (int seed = 0; seed < 2; ++seed) {
    const Trained trained = start(bandit(sets), seed);
    trained.lane->advance(400, go_on);
    ASSERT_LT(trained.lane->frozen().step, 0) << trained.lane->frozen().cause;
    const std::vector<double> law = law_of(*trained.lane);
    for (int a = 0; a < 4; ++a) EXPECT_NEAR(law[a], optimum[a], 0.03) << a;
    const std::vector<std::string> names = trained.lane->scalar_names();
    const std::vector<double>& rows = trained.lane->pending();
    const auto metric = [&](const char* name, std::size_t step) {
      const auto column = std::find(names.begin(), names.end(), name) - names.begin();
      return rows[step * names.size() + static_cast<std::size_t>(column)];
    };
    // One context: the critic learns the mean reward, the loss that is left is the reward's spread.
    EXPECT_GT(metric("value_loss", 0), 1.2 * metric("value_loss", 399));
  }
}

// Item 5 of the ten: per epoch every trajectory once, in minibatches whose sizes differ by one at
// most, in another order each time.
TEST(Rollout, EveryTrajectoryOncePerEpoch) {
  const Trained trained =
      start(bandit({"rl.optimizer={type: ppo, critic: none, epochs: 3, minibatches: 3}",
                    "rl.batch=32", "rl.data={kind: fixed, cases: 32, environment: source}"}),
            0);
  const std::atomic<bool> go_on{false};
  trained.lane->advance(5, go_on);  // behaviour log-probs that tell the actions apart
  std::vector<std::vector<double>> epochs;
  for (int update = 0; update < 9; ++update) {
    const std::optional<LaneStep> step = trained.lane->next(6, go_on);
    ASSERT_TRUE(step.has_value());
    EXPECT_TRUE(step->batch->cases() == 10 || step->batch->cases() == 11);
    if (update % 3 == 0) epochs.emplace_back();
    for (int n = 0; n < step->batch->trajectories(); ++n) {
      epochs.back().push_back(step->data.advantage[step->batch->offset[n] + 2]);
    }
    trained.lane->policy().step(step->parameters, *step->batch, step->data, step->wanted,
                                *step->pullback, step->gradient, trained.lane->workspace());
    trained.lane->take();
  }
  EXPECT_FALSE(trained.lane->next(6, go_on).has_value());
  ASSERT_EQ(epochs.size(), 3U);
  EXPECT_NE(epochs[0], epochs[1]);
  for (std::vector<double>& epoch : epochs) std::sort(epoch.begin(), epoch.end());
  EXPECT_EQ(epochs[0].size(), 32U);
  EXPECT_EQ(epochs[0], epochs[1]);
  EXPECT_EQ(epochs[0], epochs[2]);
}

// The adaptive coefficient, the stepper and the streams go on as if nothing had happened.
TEST(Rollout, ResumesBitForBit) {
  const std::vector<std::string> sets = {
      "stages=[{name: rl, optimizer: {type: ppo, critic: none, kl_controller: adaptive, "
      "kl_target: 0.1, kl_horizon: 500, minibatches: 3}, reward: {type: world}, data: {kind: "
      "fixed, cases: 64, environment: source}, steps: 20, batch: 16, stepper: {type: adam, lr: "
      "0.05}}]",
      "evaluate.every=20", "record.every=20"};
  const std::atomic<bool> go_on{false};
  const Trained whole = start(bandit(sets), 3), first = start(bandit(sets), 3),
                second = start(bandit(sets), 3);
  whole.lane->advance(20, go_on);
  first.lane->advance(7, go_on);
  Checkpoint checkpoint(1);
  first.lane->save(checkpoint, "lane");
  second.lane->load(checkpoint, "lane");
  second.lane->advance(20, go_on);
  EXPECT_EQ(second.lane->parameters(), whole.lane->parameters());
  ASSERT_EQ(second.lane->pending().size(), whole.lane->pending().size());
  for (std::size_t i = 0; i < whole.lane->pending().size(); ++i) {
    const double a = whole.lane->pending()[i], b = second.lane->pending()[i];
    EXPECT_TRUE(a == b || (std::isnan(a) && std::isnan(b))) << i;
  }
}

// The first update of a step has ratio 1 exactly: with one epoch of one minibatch it always is.
TEST(Rollout, FirstUpdateHasRatioOneAndEarlyStopKeepsIt) {
  const std::atomic<bool> go_on{false};
  for (const char* options : {"epochs: 1, minibatches: 1", "epochs: 5, target_kl: 1.0e-12"}) {
    const Trained trained =
        start(bandit({std::string("rl.optimizer={type: ppo, critic: none, ") + options + "}"}), 0);
    trained.lane->advance(1, go_on);
    const std::vector<std::string> names = trained.lane->scalar_names();
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == "updates") {
        EXPECT_EQ(trained.lane->pending()[i], 1) << options;
      }
      if (names[i] == "ratio" && options[8] == '1') {
        EXPECT_EQ(trained.lane->pending()[i], 1);
      }
    }
  }
}

std::string error_of(const std::vector<std::string>& sets) {
  try {
    start(bandit(sets), 0);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Rollout, ErrorsSayWhatIsMissingOrTooMuch) {
  EXPECT_NE(error_of({"rl.reward=null"}).find("a `reward:` must score them"), std::string::npos);
  EXPECT_NE(error_of({"rl.optimizer={type: sft}"}).find("leave `reward:` out"), std::string::npos);
  EXPECT_NE(error_of({"rl.reward={type: learned}"}).find("an `expert:` must propose"),
            std::string::npos);
  EXPECT_NE(error_of({"rl.optimizer={type: ppo}"}).find("critic = head needs a policy"),
            std::string::npos);
  EXPECT_NE(error_of({"rl.optimizer.minibatches=300"}).find("minibatches <= batch"),
            std::string::npos);
}

}  // namespace
}  // namespace tightrope
