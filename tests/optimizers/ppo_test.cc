// SPDX-License-Identifier: Apache-2.0
// The optimizer ppo: gradients, splits, masks, advantages of a rollout, fixed points on the bandit.
#include <cmath>

#include "core/api/rollout.h"
#include "tests/optimizers/bandit.h"
#include "tests/optimizers/batch.h"

namespace tightrope::optimizer_test {
namespace {

const char* const kAll =
    "{type: ppo, entropy_coefficient: 0.05, kl_placement: loss, kl_estimator: k3, value_clip: 0.2, "
    "kl_coefficient: 0.3}";

CaseList four_cases() {
  CaseList cases;
  for (int n = 0; n < 4; ++n) {
    cases.push_back({even_sequence(-1.3 * (n + 1), -1.1 * (n + 2), 3 + n)});
    cases.back()[0].mask[0] = 0;
  }
  return cases;
}

// Item 9 of the ten as well: the entropy has a gradient, linear in its coefficient.
TEST(Ppo, GradientsByEveryQuantityAreFiniteDifferences) {
  for (const std::string& yaml :
       {std::string(kAll), std::string("{type: ppo, normaliser: sequence_mean, dual_clip: 1.1}"),
        std::string("{type: ppo, kl_placement: loss, kl_estimator: k2, value_clip: 0}")}) {
    const auto optimizer = build(yaml);
    Flat flat(four_cases());
    const Outcome out = flat.run(*optimizer);
    const auto check = [&](std::vector<double>& column, const std::vector<double>& gradient) {
      for (std::size_t i = 0; i < column.size(); ++i) {
        const double kept = column[i];
        column[i] = kept + 1e-6;
        const double above = flat.run(*optimizer).loss;
        column[i] = kept - 1e-6;
        const double below = flat.run(*optimizer).loss;
        column[i] = kept;
        EXPECT_NEAR(gradient[i], (above - below) / 2e-6, 1e-8) << yaml << " " << i;
      }
    };
    check(flat.log_prob, out.gradient);
    check(flat.value, out.by_value);
    check(flat.entropy, out.by_entropy);
  }
}

TEST(Ppo, SplitsChangeNothingAndPaddingIsNeverRead) {
  const auto optimizer = build(kAll);
  Flat flat(four_cases());
  const Outcome whole = flat.run(*optimizer);
  const Outcome split = flat.run(*optimizer, {1, 2, 1});
  EXPECT_NEAR(split.loss, whole.loss, 1e-14);
  for (auto* column : {&flat.log_prob, &flat.reference, &flat.behaviour, &flat.advantage,
                       &flat.value, &flat.value_old, &flat.target_return, &flat.entropy}) {
    for (std::size_t t = 0; t < column->size(); ++t) {
      if (flat.mask[t] == 0) (*column)[t] = kNaN;
    }
  }
  const Outcome poisoned = flat.run(*optimizer);
  EXPECT_EQ(poisoned.loss, whole.loss);
  EXPECT_EQ(poisoned.gradient, whole.gradient);
  EXPECT_EQ(poisoned.by_value, whole.by_value);
  for (std::size_t i = 0; i < whole.gradient.size(); ++i) {
    EXPECT_NEAR(split.gradient[i], whole.gradient[i], 1e-14);
  }
}

// The first update of a rollout: ratio 1, nothing clipped, no KL, a gradient all the same.
TEST(Ppo, StepZeroIdentities) {
  Flat flat(four_cases());
  flat.behaviour = flat.log_prob;
  const Outcome out = flat.run(*build("{type: ppo}"));
  EXPECT_EQ(out.metrics.at("ratio").mean(), 1);
  for (const char* name :
       {"clip_frac/active", "clip_frac/outside", "approx_kl/k1", "approx_kl/k2", "approx_kl/k3"}) {
    EXPECT_EQ(out.metrics.at(name).mean(), 0) << name;
  }
  EXPECT_NE(out.gradient[1], 0);
}

TEST(Ppo, OptionsWithoutMeaningAreErrors) {
  EXPECT_NE(build_error("{type: ppo, dual_clip: 0.5}").find("dual_clip"), std::string::npos);
  EXPECT_NE(build_error("{type: ppo, kl_controller: adaptive, kl_placement: loss}").find("reward"),
            std::string::npos);
}

// Item 6 of the ten: whitening by minibatch has mean 0 and deviation 1; by batch it is done before.
TEST(Ppo, WhitenScope) {
  const std::vector<std::uint8_t> mask = {1, 1, 0, 1};
  const std::vector<double> start = {1, 2, kNaN, 6};
  std::vector<double> batch = start, minibatch = start;
  build("{type: ppo}")->rollout()->prepare(mask, batch);
  EXPECT_EQ(batch[3], 6);
  build("{type: ppo, whiten_scope: minibatch}")->rollout()->prepare(mask, minibatch);
  EXPECT_NEAR(minibatch[0] + minibatch[1] + minibatch[3], 0, 1e-12);
  EXPECT_NEAR(
      minibatch[0] * minibatch[0] + minibatch[1] * minibatch[1] + minibatch[3] * minibatch[3], 2,
      1e-6);
}

TEST(Ppo, OneTokenIsNotWhitened) {
  std::vector<double> alone = {3.5, kNaN};
  build("{type: ppo, whiten_scope: minibatch}")
      ->rollout()
      ->prepare(std::vector<std::uint8_t>{1, 0}, alone);
  EXPECT_EQ(alone[0], 3.5);
}

// Item 9 of the ten: off and on differ, and twice the coefficient differs twice as much.
TEST(Ppo, EntropyGradientIsLinearInItsCoefficient) {
  Flat flat(four_cases());
  const auto slopes = [&](const char* coefficient) {
    return flat.run(*build(std::string("{type: ppo, entropy_coefficient: ") + coefficient + "}"))
        .by_entropy;
  };
  const std::vector<double> once = slopes("0.01"), twice = slopes("0.02");
  EXPECT_TRUE(slopes("0").empty() || slopes("0") == std::vector<double>(once.size(), 0.0));
  for (std::size_t i = 0; i < once.size(); ++i) {
    EXPECT_NEAR(twice[i], 2 * once[i], 1e-15);
    EXPECT_EQ(once[i] != 0, flat.mask[i] != 0) << i;
  }
}

// KL in the reward has the Boltzmann policy as its fixed point, k2 in the loss too; k3 in the loss
// has another one: a silent change of estimator or placement is seen here.
TEST(Ppo, FixedPointsOnTheBandit) {
  const nlohmann::json g = golden("bandit_optima.json");
  const std::string rest = "critic: none, lambda: 1, whiten: none, kl_coefficient: 0.5}";
  const std::vector<std::pair<std::string, const char*>> rows = {
      {"{type: ppo, kl_placement: reward, kl_estimator: k1, ", "boltzmann"},
      {"{type: ppo, kl_placement: loss, kl_estimator: k2, ", "boltzmann"},
      {"{type: ppo, kl_placement: loss, kl_estimator: k3, ", "k3_fixed_point"}};
  for (const auto& [head, name] : rows) {
    const std::vector<double> policy = descend_on_bandit(head + rest, 1);
    for (int a = 0; a < 4; ++a) {
      EXPECT_NEAR(policy[a], g[name]["policy"][a].get<double>(), 1e-6) << head;
    }
  }
}

}  // namespace
}  // namespace tightrope::optimizer_test
