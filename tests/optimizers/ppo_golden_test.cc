// SPDX-License-Identifier: Apache-2.0
// The published values of PPO's parts: tests/golden/ppo.json.
#include <cmath>

#include "optimizers/clipped_ratio.h"
#include "optimizers/clipped_value.h"
#include "optimizers/gae.h"
#include "optimizers/kl_controller.h"
#include "optimizers/kl_estimate.h"
#include "optimizers/token_reward.h"
#include "optimizers/whiten.h"
#include "tests/optimizers/batch.h"

namespace tightrope::optimizer_test {
namespace {

using nlohmann::json;
constexpr double kTolerance = 1e-9;

json ppo() { return golden("ppo.json"); }

// Log-ratios policy - `to` of the fixture's scored tokens.
std::vector<double> log_ratios(const json& f, const char* to) {
  std::vector<double> out;
  for (std::size_t n = 0; n < f["mask"].size(); ++n) {
    for (std::size_t t = 0; t < f["mask"][n].size(); ++t) {
      if (f["mask"][n][t] == 1) {
        out.push_back(f["policy"][n][t].get<double>() - f[to][n][t].get<double>());
      }
    }
  }
  return out;
}

// Item 7 of the ten: the ratio from stored log-probs and the pessimistic maximum.
TEST(PpoGolden, RatioAndClippedTermPerToken) {
  const json g = ppo();
  const std::vector<double> l = log_ratios(g["fixture"], "behaviour");
  for (std::size_t i = 0; i < l.size(); ++i) {
    const RatioTerm term = clipped_ratio({}, l[i], g["fixture"]["advantage"][i < 3 ? 0 : 1]);
    EXPECT_NEAR(term.ratio, g["ratio"][i].get<double>(), kTolerance);
    EXPECT_NEAR(term.value, g["policy_loss"]["per_token"][i].get<double>(), kTolerance);
  }
  const RatioTerm wide = clipped_ratio({.high = 0.28}, l[0], 1.0);
  EXPECT_NEAR(wide.value, g["policy_loss"]["high_028"]["first"].get<double>(), kTolerance);
  EXPECT_FALSE(wide.active);
}

TEST(PpoGolden, DualClip) {
  const json d = ppo()["dual_clip"];
  const RatioTerm term = clipped_ratio({.dual = d["c"]}, d["log_ratio"], d["advantage"]);
  EXPECT_NEAR(term.ratio, d["ratio"].get<double>(), kTolerance);
  EXPECT_NEAR(term.value, d["loss"].get<double>(), kTolerance);
  EXPECT_EQ(term.slope, 0);
  EXPECT_FALSE(clipped_ratio({.dual = 3}, 1.5, 2).dual) << "only for negative advantages";
}

// Item 8 of the ten: the value clip is optional, with its factor one half.
TEST(PpoGolden, ValueLossWithAndWithoutClip) {
  const json v = ppo()["value"];
  double clipped = 0, unclipped = 0, share = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const ValueTerm term = clipped_value(v["clip"], v["now"][i], v["old"][i], v["target"][i]);
    clipped += term.value / 3;
    share += term.clipped ? 1.0 / 3 : 0;
    unclipped += clipped_value(0, v["now"][i], v["old"][i], v["target"][i]).value / 3;
  }
  EXPECT_NEAR(clipped, v["clipped"].get<double>(), kTolerance);
  EXPECT_NEAR(unclipped, v["unclipped"].get<double>(), kTolerance);
  EXPECT_NEAR(share, v["clip_frac"].get<double>(), kTolerance);
}

TEST(PpoGolden, KlEstimators) {
  const json k = ppo()["kl"];
  const std::vector<double> old = log_ratios(ppo()["fixture"], "behaviour");
  const std::vector<double> ref = log_ratios(ppo()["fixture"], "reference");
  const double off = std::numeric_limits<double>::infinity();
  const char* names[] = {"k1", "k2", "k3"};
  for (int form = 0; form < 3; ++form) {
    double mean = 0;
    for (const double l : old) mean += kl_estimate(static_cast<KlForm>(form), -l, off).value / 5;
    EXPECT_NEAR(mean, k["to_behaviour"][names[form]].get<double>(), kTolerance);
  }
  double mean = 0;
  for (std::size_t i = 0; i < ref.size(); ++i) {
    const double value = kl_estimate(KlForm::kK3, ref[i], off).value;
    EXPECT_NEAR(value, k["to_reference_k3"][i].get<double>(), kTolerance);
    mean += value / 5;
  }
  EXPECT_NEAR(mean, k["to_reference_k3_mean"].get<double>(), kTolerance);
}

TEST(PpoGolden, KlEstimatorSlopesAreFiniteDifferences) {
  for (int form = 0; form < 3; ++form) {
    for (const double l : {-1.5, -0.2, 0.0, 0.7}) {
      const auto value = [&](double x) {
        return kl_estimate(static_cast<KlForm>(form), x, 80).value;
      };
      EXPECT_NEAR(kl_estimate(static_cast<KlForm>(form), l, 80).slope,
                  (value(l + 1e-5) - value(l - 1e-5)) / 2e-5, 1e-8);
    }
  }
}

TEST(PpoGolden, AdaptiveController) {
  const json c = ppo()["controller"];
  double coefficient = c["initial"];
  for (std::size_t i = 0; i < c["kl"].size(); ++i) {
    coefficient =
        adapted_coefficient({c["target"], c["horizon"]}, coefficient, c["kl"][i], c["count"]);
    EXPECT_NEAR(coefficient, c["coefficient"][i].get<double>(), 1e-12);
  }
}

// Item 4 of the ten and fixture V: two episodes in one column do not leak into each other.
TEST(PpoGolden, AdvantagesAndWhitening) {
  const json g = ppo()["gae"];
  std::vector<double> column;
  for (const json& c : g["cases"]) {
    std::vector<double> all;
    for (std::size_t n = 0; n < 2; ++n) {
      const std::vector<double> reward = g["reward"][n], value = g["value"][n];
      const std::vector<std::uint8_t> mask(reward.size(), 1);
      std::vector<double> advantage(reward.size()), target(reward.size());
      generalised_advantage({c["gamma"], c["lambda"]}, mask, reward, value, Cut::kTerminal, kNaN,
                            advantage, target);
      for (std::size_t t = 0; t < reward.size(); ++t) {
        EXPECT_NEAR(advantage[t], c["advantage"][n][t].get<double>(), kTolerance);
        if (column.empty()) {
          EXPECT_NEAR(target[t], g["return"][n][t].get<double>(), kTolerance);
        }
      }
      all.insert(all.end(), advantage.begin(), advantage.end());
    }
    if (column.empty()) column = all;
  }
  const std::vector<std::uint8_t> every(column.size(), 1);
  for (const Variance variance : {Variance::kBessel, Variance::kPopulation}) {
    std::vector<double> white = column, scaled = column;
    whiten({Whiten::kCenter, variance, 1e-8}, every, white);
    whiten({Whiten::kScaleOnly, variance, 1e-8}, every, scaled);
    double mean = 0;
    for (const double x : column) mean += x / 7;
    const json& expected = g[variance == Variance::kBessel ? "bessel" : "population"];
    for (std::size_t i = 0; i < 7; ++i) {
      EXPECT_NEAR(white[i], expected[i].get<double>(), 5e-9);  // epsilon inside or outside: 2e-9
      EXPECT_NEAR(scaled[i], white[i] + mean, 1e-14);
    }
  }
}

// Item 4 of the ten: a limit bootstraps; masked positions are skipped and never read.
TEST(PpoGolden, BootstrapAndMaskedPositions) {
  const std::vector<std::uint8_t> mask = {0, 1, 0, 1};
  const std::vector<double> reward = {kNaN, 1, kNaN, 2}, value = {kNaN, 0.5, kNaN, 0.25};
  std::vector<double> advantage(4), target(4);
  generalised_advantage({0.9, 0.8}, mask, reward, value, Cut::kTruncated, 3, advantage, target);
  const double last = 2 + 0.9 * 3 - 0.25;
  EXPECT_NEAR(advantage[3], last, 1e-15);
  EXPECT_NEAR(advantage[1], 1 + 0.9 * 0.25 - 0.5 + 0.72 * last, 1e-15);
  EXPECT_EQ(advantage[0], 0);
  EXPECT_EQ(advantage[2], 0);
}

// Items 4 and 7 of the token list: KL at every token, the score at the last scored one.
TEST(PpoGolden, TokenRewards) {
  const json a = ppo()["reward_assembly"];
  for (std::size_t n = 0; n < 3; ++n) {
    const std::vector<double> kl = {a["kl"][n], a["kl"][n], a["kl"][n], kNaN};
    std::vector<double> reward(4);
    token_rewards(std::vector<std::uint8_t>{1, 1, 1, 0}, kl, a["coefficient"], a["score"][n],
                  reward);
    for (std::size_t t = 0; t < 3; ++t) {
      EXPECT_NEAR(reward[t], a["reward"][n][t].get<double>(), 1e-12);
    }
    EXPECT_EQ(reward[3], 0);
  }
}

}  // namespace
}  // namespace tightrope::optimizer_test
