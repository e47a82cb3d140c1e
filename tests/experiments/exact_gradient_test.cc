// SPDX-License-Identifier: Apache-2.0
// exact_gradient through the engine: where it ends, what it says of optimizers that sample, and
// that saying it changes nothing.
#include <gmock/gmock.h>

#include <regex>

#include "tests/experiments/tiny_lane.h"
#include "tests/policies/fixtures.h"

namespace tightrope {
namespace {

using ::testing::HasSubstr;

const std::atomic<bool> kGoOn{false};

// A lane of stage `stage` that starts away from its reference.
Trained away_from_reference(const std::shared_ptr<const Experiment>& experiment, std::size_t stage,
                            std::int64_t seed, const std::vector<float>& shift = {}) {
  Trained out;
  out.context = std::make_shared<WorldContext>(*experiment, seed);
  const auto policy = make_policy(*experiment, out.context->world());
  std::vector<float> first(policy->parameter_count(), 0.0F);
  policy->initialise(lane_stream(*experiment, Purpose::kInitial, 0), first);
  std::vector<float> start = random_parameters<float>(policy->parameter_count(), 3, 0.3);
  for (std::size_t i = 0; i < start.size(); ++i) {
    start[i] += first[i] + (shift.empty() ? 0.0F : shift[i]);
  }
  out.lane = std::make_unique<Lane>(experiment, stage, seed, out.context, policy, start, first);
  return out;
}

std::shared_ptr<const Experiment> tiny_experiment(const std::vector<std::string>& more) {
  std::vector<std::string> sets = {"sweep=null",
                                   "tables=[]",
                                   "claims=[]",
                                   "world.max_mentions=1",
                                   "rft.reward={type: shaped}",
                                   "rft.expert=null",
                                   "rft.batch=4"};
  sets.insert(sets.end(), more.begin(), more.end());
  return check_file(load_experiment_tree(engine_test::kTiny, sets)).plan.experiment(0);
}

TEST(ExactGradientRun, EndsAtTheKnownOptimum) {
  const double optimum[] = {0.5792585299, 0.0783941172, 0.2130973043, 0.1292500486};
  for (const char* term : {"kl_coefficient", "entropy_coefficient"}) {
    for (const char* thinking : {"true", "false"}) {
      const Trained trained =
          start(bandit({"rl.optimizer={type: exact_gradient, " + std::string(term) + ": 0.5}",
                        "rl.batch=1", "rl.stepper={type: sgd, lr: 2}",
                        std::string("rl.thinking=") + thinking}),
                0);
      trained.lane->advance(400, kGoOn);
      if (thinking[0] == 't') {
        const std::vector<double> law = law_of(*trained.lane);
        for (int a = 0; a < 4; ++a) EXPECT_NEAR(law[a], optimum[a], 1e-6) << term;
      }
      EXPECT_NEAR(scalar_of(*trained.lane, "reward", 399), 0.7181196942, 1e-6);
      EXPECT_LT(scalar_of(*trained.lane, "gradient_norm", 399), 1e-6);
      const double objective = scalar_of(*trained.lane, "objective", 399);
      const double shift = term[0] == 'k' ? 0 : 0.5 * std::log(4.0);
      EXPECT_NEAR(objective, 0.5798560144 + shift, 1e-6);
    }
  }
}

// The slope of the logged objective along the gradient is the gradient's squared norm, whatever the
// policy: differences of float32 log-probs.
TEST(ExactGradientRun, AnyPolicyAscendsTheObjective) {
  for (const char* policy :
       {"{type: tabular}", "{type: log_linear}",
        "{type: transformer, layers: 1, width: 8, heads: 2, image_tokens: 1}"}) {
    const auto experiment = tiny_experiment(
        {std::string("policy=") + policy,
         "rft.optimizer={type: exact_gradient, kl_coefficient: 0.2, entropy_coefficient: 0.1}"});
    const Trained trained = away_from_reference(experiment, 1, 0);
    const std::optional<LaneStep> step = trained.lane->next(1, kGoOn);
    ASSERT_TRUE(step.has_value());
    trained.lane->policy().step(step->parameters, *step->batch, step->data, step->wanted,
                                *step->pullback, step->gradient, trained.lane->workspace());
    const std::vector<float> gradient(step->gradient.begin(), step->gradient.end());
    double squares = 0;
    for (const float g : gradient) squares += double{g} * g;
    ASSERT_GT(squares, 1e-4) << policy;
    const auto objective = [&](double distance) {
      std::vector<float> shift;
      for (const float g : gradient) {
        shift.push_back(static_cast<float>(distance / std::sqrt(squares) * g));
      }
      const Trained moved = away_from_reference(experiment, 1, 0, shift);
      moved.lane->advance(1, kGoOn);
      return scalar_of(*moved.lane, "objective", 0);
    };
    const double near = (objective(-0.02) - objective(0.02)) / 0.04;
    const double far = (objective(-0.04) - objective(0.04)) / 0.08;
    EXPECT_NEAR((4 * near - far) / 3, std::sqrt(squares), 1e-3 * std::sqrt(squares)) << policy;
  }
}

struct Moments {
  double mean = 0, error = 0;  // over seeds
  double z(double truth) const { return (mean - truth) / error; }
};

// estimator/`name` of the first step over 24 seeds.
std::map<std::string, Moments> moments(
    const std::function<Trained(const std::string&, std::int64_t)>& make,
    const std::string& compare) {
  constexpr int kSeeds = 24;
  std::map<std::string, Moments> out;
  std::map<std::string, std::vector<double>> seen;
  for (int seed = 0; seed < kSeeds; ++seed) {
    const Trained trained = make(compare, seed);
    trained.lane->advance(1, kGoOn);
    for (const char* name : {"bias_squared", "variance", "scale", "off_axis"}) {
      seen[name].push_back(scalar_of(*trained.lane, std::string("estimator/") + name, 0));
    }
  }
  for (const auto& [name, values] : seen) {
    Moments& m = out[name];
    for (const double v : values) m.mean += v / kSeeds;
    double squares = 0;
    for (const double v : values) squares += (v - m.mean) * (v - m.mean);
    m.error = std::sqrt(squares / (kSeeds - 1) / kSeeds);
  }
  return out;
}

// The policy that gives its entropy.
const char* const kTransformer =
    "policy={type: transformer, layers: 1, width: 8, heads: 2, image_tokens: 1}";

std::map<std::string, Moments> on_bandit(const std::string& compare,
                                         const std::string& own = "kl_coefficient: 0.3",
                                         const std::string& policy = "policy=tabular",
                                         const std::string& train = "auto") {
  return moments(
      [&](const std::string& other, std::int64_t seed) {
        return away_from_reference(bandit({"rl.optimizer={type: exact_gradient, " + own +
                                               ", compare_repeats: 32, compare: " + other + "}",
                                           "rl.batch=8", policy, "rl.train=" + train}),
                                   0, seed);
      },
      compare);
}

// Without bias: squared bias 0, scale 1, within four standard errors; and the means are sharp.
TEST(EstimatorBias, OfReinforceAndRlooIsZero) {
  for (const char* compare :
       {"{type: reinforce, baseline: none, kl_coefficient: 0.3}",
        "{type: reinforce, baseline: none, num_generations: 4, kl_coefficient: 0.3}",
        "{type: reinforce, baseline: leave_one_out, num_generations: 4, kl_coefficient: 0.3}",
        "{type: reinforce, baseline: greedy, kl_coefficient: 0.3}",
        "{type: rloo, num_generations: 4, beta: 0.3}"}) {
    const auto m = on_bandit(compare);
    EXPECT_LT(std::abs(m.at("bias_squared").z(0)), 4) << compare;
    EXPECT_LT(std::abs(m.at("scale").z(1)), 4) << compare;
    EXPECT_LT(m.at("scale").error, 0.03) << compare;
  }
  const auto entropy =
      on_bandit("{type: reinforce, baseline: none, num_generations: 4, entropy_coefficient: 0.2}",
                "entropy_coefficient: 0.2", kTransformer);
  EXPECT_LT(std::abs(entropy.at("bias_squared").z(0)), 4) << "one undecided token";
  EXPECT_LT(std::abs(entropy.at("scale").z(1)), 4);
}

// What the stage does not train has no part in the comparison.
TEST(EstimatorBias, IsOfTheTrainedParameters) {
  const auto m = on_bandit("{type: rloo, num_generations: 4, beta: 0.3}", "kl_coefficient: 0.3",
                           "policy={type: transformer, layers: 1, width: 8, heads: 2, "
                           "image_tokens: 1, lora_rank: 2}",
                           "adapters");
  EXPECT_LT(std::abs(m.at("bias_squared").z(0)), 4);
  EXPECT_LT(m.at("bias_squared").error, 0.02);
}

// One minibatch holds the whole rollout, and its advantages are prepared as such.
TEST(EstimatorComparison, TakesAllMinibatchesInOne) {
  const auto scale = [](const std::string& options) {
    const Trained trained = start(
        bandit({"rl.optimizer={type: exact_gradient, compare: {type: ppo, critic: none, lambda: 1, "
                "kl_coefficient: 0, " +
                options + "}}"}),
        0);
    trained.lane->advance(1, kGoOn);
    return scalar_of(*trained.lane, "estimator/scale", 0);
  };
  const double whole = scale("whiten_scope: batch");
  EXPECT_NEAR(scale("whiten_scope: minibatch, minibatches: 4"), whole, 1e-6 * whole);
  EXPECT_GT(whole, 1.3 * scale("whiten: none"));
}

// Known scales; dividing by a group's deviation bends the gradient, taking it off does not.
TEST(EstimatorBias, OfGrpoIsSeen) {
  const std::string four = "{type: grpo, num_generations: 4, ";
  const auto plain =
      on_bandit(four + "loss_type: luspo, scale_rewards: none}", "kl_coefficient: 0");
  EXPECT_LT(std::abs(plain.at("scale").z(0.75)), 4) << "the group's own mean: (n - 1) / n";
  EXPECT_LT(std::abs(plain.at("off_axis").z(0)), 4);
  EXPECT_GT(plain.at("bias_squared").z(0), 6);
  const auto tokens =
      on_bandit(four + "loss_type: dapo, scale_rewards: none}", "kl_coefficient: 0");
  EXPECT_LT(std::abs(tokens.at("scale").z(0.25)), 4) << "and a third: three scored tokens";
  const auto scaled =
      on_bandit(four + "loss_type: luspo, scale_rewards: group}", "kl_coefficient: 0");
  EXPECT_GT(scaled.at("off_axis").z(0), 6);
  EXPECT_GT(scaled.at("scale").z(1), 6);
}

TEST(EstimatorBias, LeaveOneOutHasTheSmallerVariance) {
  const std::string options = ", num_generations: 4, kl_coefficient: 0.3}";
  const auto none = on_bandit("{type: reinforce, baseline: none" + options);
  const auto others = on_bandit("{type: reinforce, baseline: leave_one_out" + options);
  EXPECT_LT(others.at("variance").mean, 0.8 * none.at("variance").mean);
  // Four trajectories have a quarter of the variance of one.
  const auto one = on_bandit("{type: reinforce, baseline: none, kl_coefficient: 0.3}");
  const Moments& v = none.at("variance");
  EXPECT_LT(std::abs(v.mean - one.at("variance").mean / 4),
            5 * (v.error + one.at("variance").error / 4));
}

// Where a report is written before the answer, the entropy bonus of sampled rules leaves out that
// the prefixes move; the KL in the reward does not.
TEST(EstimatorBias, OfTheEntropyBonusIsSeenOnReports) {
  const auto on_reports = [](const std::string& own, const std::string& compare) {
    return moments(
        [&](const std::string& other, std::int64_t seed) {
          return away_from_reference(
              tiny_experiment({"rft.optimizer={type: exact_gradient, " + own +
                                   ", compare_repeats: 16, compare: " + other + "}",
                               kTransformer, "world.max_mentions=2", "rft.batch=2"}),
              1, seed);
        },
        compare);
  };
  const std::string options = "{type: reinforce, baseline: leave_one_out, num_generations: 8, ";
  const auto kl = on_reports("kl_coefficient: 0.5", options + "kl_coefficient: 0.5}");
  EXPECT_LT(std::abs(kl.at("bias_squared").z(0)), 4);
  EXPECT_LT(std::abs(kl.at("scale").z(1)), 4);
  const auto entropy =
      on_reports("entropy_coefficient: 0.5", options + "entropy_coefficient: 0.5}");
  EXPECT_GT(entropy.at("off_axis").z(0), 6);
}

const std::vector<std::string>& comparing() {
  static const std::vector<std::string> sets = {
      "rl.optimizer={type: exact_gradient, kl_coefficient: 0.5, compare: {type: reinforce, "
      "baseline: ema}, compare_repeats: 3, compare_every: 3}",
      "rl.batch=8", "rl.data={kind: fixed, cases: 32, environment: source}"};
  return sets;
}

void expect_same_rows(const Lane& a, const Lane& b) {
  ASSERT_EQ(a.pending().size(), b.pending().size());
  for (std::size_t i = 0; i < a.pending().size(); ++i) {
    const double x = a.pending()[i], y = b.pending()[i];
    EXPECT_TRUE(x == y || (std::isnan(x) && std::isnan(y))) << i;
  }
}

TEST(EstimatorComparison, ChangesNothingElse) {
  std::vector<std::string> alone = comparing();
  alone[0] = "rl.optimizer={type: exact_gradient, kl_coefficient: 0.5}";
  const Trained with = start(bandit(comparing()), 3), without = start(bandit(alone), 3);
  with.lane->advance(12, kGoOn);
  without.lane->advance(12, kGoOn);
  EXPECT_EQ(with.lane->parameters(), without.lane->parameters());
  for (const std::string& name : without.lane->scalar_names()) {
    for (std::size_t step = 0; step < 12; ++step) {
      EXPECT_EQ(scalar_of(*with.lane, name, step), scalar_of(*without.lane, name, step)) << name;
    }
  }
  for (std::size_t step = 0; step < 12; ++step) {
    EXPECT_EQ(std::isnan(scalar_of(*with.lane, "estimator/bias", step)), step % 3 != 0) << step;
  }
}

// From comparison to comparison, by the first repeat.
TEST(EstimatorComparison, CarriesTheStateOfTheComparedRule) {
  std::vector<std::string> none = comparing();
  none[0] = std::regex_replace(none[0], std::regex("ema"), "none");
  const Trained moving = start(bandit(comparing()), 3), still = start(bandit(none), 3);
  moving.lane->advance(4, kGoOn);
  still.lane->advance(4, kGoOn);
  const auto variance = [](const Trained& of, std::size_t step) {
    return scalar_of(*of.lane, "estimator/variance", step);
  };
  EXPECT_EQ(variance(moving, 0), variance(still, 0)) << "the first average is 0";
  EXPECT_LT(variance(moving, 3), variance(still, 3)) << "the same draws, less their mean";
}

TEST(EstimatorComparison, ResumesBitForBit) {
  for (const std::int64_t at : {5, 6}) {
    const Trained whole = start(bandit(comparing()), 3), first = start(bandit(comparing()), 3),
                  second = start(bandit(comparing()), 3);
    whole.lane->advance(12, kGoOn);
    first.lane->advance(at, kGoOn);
    Checkpoint checkpoint(1);
    first.lane->save(checkpoint, "lane");
    second.lane->load(checkpoint, "lane");
    second.lane->advance(12, kGoOn);
    EXPECT_EQ(second.lane->parameters(), whole.lane->parameters());
    expect_same_rows(*second.lane, *whole.lane);
  }
}

TEST(EstimatorComparison, SameBitsAloneAndTogether) {
  std::vector<Trained> alone, packed;
  std::vector<std::unique_ptr<Lane>> lanes;
  for (int seed = 0; seed < 3; ++seed) {
    alone.push_back(start(bandit(comparing()), seed));
    alone.back().lane->advance(7, kGoOn);
    packed.push_back(start(bandit(comparing()), seed));
    lanes.push_back(std::move(packed.back().lane));
  }
  advance_together(lanes, 7, 2, kGoOn);
  for (int seed = 0; seed < 3; ++seed) {
    EXPECT_EQ(lanes[seed]->parameters(), alone[seed].lane->parameters());
    expect_same_rows(*lanes[seed], *alone[seed].lane);
  }
}

TEST(ExactGradientRun, ErrorsSayWhatCannotBeEnumerated) {
  const auto refused = [](const std::vector<std::string>& sets) {
    std::vector<std::string> args = {"check", kBanditFile};
    for (const std::string& set : sets) args.insert(args.end(), {"--set", set});
    const auto said = engine_test::engine(args);
    EXPECT_EQ(said.code, 2);
    return said.err;
  };
  EXPECT_THAT(
      refused({"rl.optimizer={type: exact_gradient, max_trajectories: 3}"}),
      HasSubstr("stages.0.optimizer.max_trajectories: this world has 4 complete trajectories for "
                "each case, more than max_trajectories = 3"));
  EXPECT_THAT(refused({"rl.optimizer=exact_gradient", "policy={type: log_linear, grammar: false}"}),
              HasSubstr("the policy gives all complete trajectories probability 0.00"));
  EXPECT_THAT(refused({"rl.optimizer={type: exact_gradient, compare: dpo}"}),
              HasSubstr("dpo violates: must learn from trajectories that it draws"));
}

}  // namespace
}  // namespace tightrope
