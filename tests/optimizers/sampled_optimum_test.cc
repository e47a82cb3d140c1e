// SPDX-License-Identifier: Apache-2.0
// Expected gradients and fixed points of reinforce, rloo and grpo on the bandit, by enumeration.
#include "tests/optimizers/bandit.h"

namespace tightrope::optimizer_test {
namespace {

constexpr double kTolerance = 1e-9;

std::vector<double> column(const nlohmann::json& g, const char* name) {
  return g["gradients"][name]["gradient"];
}

// Unbiased rules have the gradient of -E r; a group's own mean as baseline shrinks it by
// (n - 1) / n, which leave-one-out does not.
TEST(SampledOptimum, ExpectedRewardGradient) {
  const nlohmann::json g = golden("bandit_optima.json");
  const std::vector<double> logits = g["gradients"]["logits"];
  const std::vector<double> exact = column(g, "reward"), reward = g["fixture"]["reward"],
                            reference = g["gradients"]["reference"];
  struct Row {
    const char* yaml;
    int samples;
    double factor;
  };
  for (const Row& row : {
           Row{"{type: reinforce, baseline: none}", 1, 1},
           Row{"{type: reinforce, baseline: none, num_generations: 3}", 3, 1},
           Row{"{type: reinforce, baseline: leave_one_out, num_generations: 2}", 2, 1},
           Row{"{type: reinforce, baseline: ema}", 1, 1},
           Row{"{type: rloo, beta: 0}", 2, 1},
           Row{"{type: rloo, beta: 0, num_generations: 3}", 3, 1},
           Row{"{type: reinforce, baseline: group, num_generations: 2}", 2, 0.5},
           Row{"{type: grpo, scale_rewards: none, num_generations: 2}", 2, 0.5},
           Row{"{type: grpo, scale_rewards: none, num_generations: 4}", 4, 0.75},
           Row{"{type: grpo, loss_type: cispo, scale_rewards: none, num_generations: 3}", 3,
               2.0 / 3},
       }) {
    const std::vector<double> slope =
        expected_gradient(*build(row.yaml), logits, reward, reference, row.samples);
    for (int a = 0; a < 4; ++a) {
      EXPECT_NEAR(slope[a], -row.factor * exact[a], kTolerance) << row.yaml;
    }
  }
}

// What the KL term of the loss pulls to, estimator by estimator (scores equal, so that it is all).
TEST(SampledOptimum, ExpectedKlGradient) {
  const nlohmann::json g = golden("bandit_optima.json");
  const std::vector<double> logits = g["gradients"]["logits"];
  const std::vector<std::pair<std::string, const char*>> rows = {
      {"kl_estimator: k1", "k1_loss"},
      {"kl_estimator: k2", "k2_loss"},
      {"kl_estimator: k3", "k3_loss"},
      {"kl_estimator: k1, use_bias_correction_kl: true", "kl_to_reference"},
      {"kl_estimator: k3, use_bias_correction_kl: true", "kl_to_reference"}};
  for (const auto& [options, name] : rows) {
    const auto rule =
        build("{type: grpo, beta: 1, scale_rewards: none, num_generations: 2, " + options + "}");
    const std::vector<double> slope =
        expected_gradient(*rule, logits, {1, 1, 1, 1}, g["gradients"]["reference"], 2);
    for (int a = 0; a < 4; ++a) EXPECT_NEAR(slope[a], column(g, name)[a], kTolerance) << options;
  }
}

// beta 0.5 against the reward; halved where a group of two halves the reward's part.
TEST(SampledOptimum, FixedPoints) {
  const nlohmann::json g = golden("bandit_optima.json");
  const std::string pair = ", scale_rewards: none, num_generations: 2, beta: 0.25, ";
  const std::vector<std::tuple<std::string, int, const char*>> rows = {
      {"{type: reinforce, baseline: none, kl_coefficient: 0.5}", 1, "boltzmann"},
      {"{type: rloo, beta: 0.5}", 2, "boltzmann"},
      {"{type: grpo" + pair + "kl_estimator: k3}", 2, "k3_fixed_point"},
      {"{type: grpo" + pair + "kl_estimator: k2}", 2, "boltzmann"},
      {"{type: grpo" + pair + "kl_estimator: k3, use_bias_correction_kl: true}", 2, "boltzmann"}};
  for (const auto& [yaml, samples, name] : rows) {
    const std::vector<double> policy = descend_on_bandit(yaml, samples);
    for (int a = 0; a < 4; ++a) {
      EXPECT_NEAR(policy[a], g[name]["policy"][a].get<double>(), 1e-6) << yaml;
    }
  }
}

// On the policy's own trajectories: ratio 1, nothing clipped, a loss of 0 and a gradient.
TEST(SampledOptimum, FirstInnerStepOfGrpo) {
  CaseList cases(1);
  for (int n = 0; n < 4; ++n) cases[0].push_back(even_sequence(-1.0 - n, -2.0, 2));
  Flat flat(cases);
  flat.behaviour = flat.log_prob;
  const auto rule = build("{type: grpo, num_generations: 4}");
  Assessment assessed;
  MetricSums metrics;
  rule->rollout()->assess({.group_begin = flat.begin,
                           .offset = flat.offset,
                           .mask = flat.mask,
                           .behaviour_log_prob = flat.behaviour,
                           .score = std::vector<double>{1, 0, 0.5, 0.25}},
                          {}, assessed, metrics);
  flat.advantage = assessed.advantage;
  const Outcome out = flat.run(*rule);
  EXPECT_NEAR(out.loss, 0, 1e-15);
  EXPECT_LT(out.gradient[0], -0.1);
  EXPECT_EQ(out.metrics.at("ratio").mean(), 1);
  EXPECT_EQ(out.metrics.at("clip_frac/outside").mean(), 0);
  EXPECT_EQ(metrics.at("frac_reward_zero_std").mean(), 0);
}

}  // namespace
}  // namespace tightrope::optimizer_test
