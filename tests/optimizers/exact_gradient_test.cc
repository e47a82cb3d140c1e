// SPDX-License-Identifier: Apache-2.0
// exact_gradient against the exact gradients and the optimum of bandit_optima.json, and what it
// refuses.
#include <gmock/gmock.h>

#include "core/base/error.h"
#include "tests/optimizers/bandit.h"

namespace tightrope::optimizer_test {
namespace {

using ::testing::HasSubstr;

struct Enumerated {
  std::vector<double> slope;  // of the loss, by the logits
  MetricSums metrics;
};

// All four actions of the bandit, in two cases whose second has other rewards.
Enumerated enumerate_bandit(const Optimizer& rule, const std::vector<double>& logits,
                            const std::vector<std::vector<double>>& rewards,
                            const std::vector<double>& reference) {
  const double norm = log_sum_exp(logits);
  CaseList cases;
  std::vector<double> score;
  for (const std::vector<double>& reward : rewards) {
    cases.emplace_back();
    for (std::size_t a = 0; a < logits.size(); ++a) {
      cases.back().push_back({.log_prob = {kNaN, logits[a] - norm},
                              .reference = {kNaN, std::log(reference[a])},
                              .mask = {0, 1},
                              .tokens = {0, static_cast<int>(a)}});
      score.push_back(reward[a]);
    }
  }
  Flat flat(cases);
  flat.behaviour = flat.log_prob;
  Assessment assessed;
  Enumerated out;
  rule.rollout()->assess({.group_begin = flat.begin,
                          .offset = flat.offset,
                          .mask = flat.mask,
                          .behaviour_log_prob = flat.behaviour,
                          .reference_log_prob = flat.reference,
                          .score = score},
                         {}, assessed, out.metrics);
  flat.advantage = assessed.advantage;
  const Outcome loss = flat.run(rule);
  out.slope.assign(logits.size(), 0.0);
  double total = 0;
  for (std::size_t i = 0; i < score.size(); ++i) {
    out.slope[i % logits.size()] += loss.gradient[2 * i + 1];
    total += loss.gradient[2 * i + 1];
  }
  for (std::size_t a = 0; a < logits.size(); ++a) {
    out.slope[a] -= std::exp(logits[a] - norm) * total;
  }
  return out;
}

TEST(ExactGradient, IsThatOfTheEnumeratedObjective) {
  const nlohmann::json g = golden("bandit_optima.json");
  const std::vector<double> logits = g["gradients"]["logits"], reward = g["fixture"]["reward"],
                            reference = g["gradients"]["reference"], other = {3, 3, 3, 3};
  const auto column = [&](const char* name) -> std::vector<double> {
    return g["gradients"][name]["gradient"];
  };
  const auto value = [&](const char* name) -> double { return g["gradients"][name]["value"]; };
  for (const double kl : {0.0, 0.7}) {
    for (const double entropy : {0.0, 0.4}) {
      const auto rule = build("{type: exact_gradient, kl_coefficient: " + std::to_string(kl) +
                              ", entropy_coefficient: " + std::to_string(entropy) + "}");
      // The second case's rewards are equal: half of the first one's gradient is left.
      const Enumerated out = enumerate_bandit(*rule, logits, {reward, other}, reference);
      for (int a = 0; a < 4; ++a) {
        const double exact = 0.5 * column("reward")[a] - kl * column("kl_to_reference")[a] +
                             entropy * column("entropy")[a];
        EXPECT_NEAR(out.slope[a], -exact, 1e-9);
      }
      EXPECT_NEAR(out.metrics.at("reward").mean(), (value("reward") + 3) / 2, 1e-9);
      EXPECT_NEAR(out.metrics.at("kl_to_reference").mean(), value("kl_to_reference"), 1e-9);
      EXPECT_NEAR(out.metrics.at("entropy").mean(), value("entropy"), 1e-9);
      EXPECT_NEAR(
          out.metrics.at("objective").mean(),
          (value("reward") + 3) / 2 - kl * value("kl_to_reference") + entropy * value("entropy"),
          1e-9);
    }
  }
}

// Descent ends at the Boltzmann policy; with a uniform reference entropy does what the KL does.
TEST(ExactGradient, DescendsToTheBoltzmannPolicy) {
  const nlohmann::json g = golden("bandit_optima.json");
  for (const char* term : {"kl_coefficient", "entropy_coefficient"}) {
    const auto rule = build("{type: exact_gradient, " + std::string(term) + ": 0.5}");
    std::vector<double> logits(4, 0.0);
    for (int step = 0; step < 400; ++step) {
      const Enumerated out =
          enumerate_bandit(*rule, logits, {g["fixture"]["reward"]}, {0.25, 0.25, 0.25, 0.25});
      for (int a = 0; a < 4; ++a) logits[a] -= 2 * out.slope[a];
    }
    const double norm = log_sum_exp(logits);
    for (int a = 0; a < 4; ++a) {
      EXPECT_NEAR(std::exp(logits[a] - norm), g["boltzmann"]["policy"][a].get<double>(), 1e-9);
    }
  }
}

std::string assess_error(const std::string& yaml, const std::vector<double>& log_prob) {
  CaseList cases(1);
  for (const double each : log_prob) cases[0].push_back(even_sequence(each, -1, 1));
  const Flat flat(cases);
  const std::vector<double> score(log_prob.size(), 1.0);
  Assessment out;
  MetricSums metrics;
  try {
    build(yaml)->rollout()->assess({.group_begin = flat.begin,
                                    .offset = flat.offset,
                                    .mask = flat.mask,
                                    .behaviour_log_prob = flat.log_prob,
                                    .score = score},
                                   {}, out, metrics);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(ExactGradient, RefusesWhatIsNotAllThereIs) {
  const double half = std::log(0.5);
  EXPECT_EQ(assess_error("exact_gradient", {half, half}), "");
  EXPECT_THAT(assess_error("exact_gradient", {half, half, half}),
              HasSubstr("the trajectories of case 0 have probability 1.5 in all, must be 1"));
  EXPECT_THAT(assess_error("{type: exact_gradient, kl_coefficient: 0.1}", {half, half}),
              HasSubstr("reference: missing; kl_coefficient > 0 needs it"));
}

TEST(ExactGradient, RefusesWhatCannotBeCompared) {
  const auto error = [](const std::string& compare) {
    return build_error("{type: exact_gradient, compare: " + compare + "}");
  };
  EXPECT_THAT(error("{type: sft}"), HasSubstr("compare: sft violates: must learn from traject"));
  EXPECT_THAT(error("exact_gradient"), HasSubstr("this one enumerates them"));
  EXPECT_THAT(error("{type: grpo, dynamic_sampling: 2}"), HasSubstr("dynamic_sampling must be 0"));
  EXPECT_THAT(error("ppo"), HasSubstr("ppo violates: critic must be none"));
  EXPECT_THAT(error("{type: rlo}"), HasSubstr("did you mean \"rloo\"?"));
  EXPECT_THAT(error("{type: rloo, beta: -1}"), HasSubstr("compare.beta"));
  EXPECT_EQ(error("{type: ppo, critic: none}"), "");
  EXPECT_THAT(build_error("{type: exact_gradient, compare: rloo, compare_repeats: 1}"),
              HasSubstr("compare_repeats"));
  EXPECT_EQ(build("exact_gradient")->rollout()->comparison(), nullptr);
  EXPECT_FALSE(build("{type: exact_gradient, compare: reinforce}")->needs_reference());
  EXPECT_TRUE(build("{type: exact_gradient, compare: rloo}")->needs_reference());
}

}  // namespace
}  // namespace tightrope::optimizer_test
