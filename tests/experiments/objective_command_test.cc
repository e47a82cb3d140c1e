// SPDX-License-Identifier: Apache-2.0
// `tightrope objective`: numbers in, loss and gradient out; errors name path, value and allowed.
#include "experiments/objective_command.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>

#include "core/base/error.h"

namespace tightrope {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

json golden(const std::string& name) {
  std::ifstream file(std::string(TIGHTROPE_SOURCE_DIR) + "/tests/golden/" + name);
  return json::parse(file);
}

json even(double sum, int length) {
  return json(std::vector<double>(static_cast<std::size_t>(length), sum / length));
}

json fixture_p() {
  const json f = golden("pairwise_losses.json")["fixture"];
  json input;
  for (const char* side : {"chosen", "rejected"}) {
    for (std::size_t i = 0; i < 3; ++i) {
      const int length = f[side + std::string("_length")][i];
      input[std::string("policy_") + side].push_back(even(f[side][i], length));
      input[std::string("reference_") + side].push_back(
          even(f[std::string("reference_") + side][i], length));
    }
  }
  return input;
}

std::vector<std::string> sets_of(const json& set) {
  std::vector<std::string> sets;
  for (const auto& [key, value] : set.items()) {
    sets.push_back(key + "=" + (value.is_string() ? value.get<std::string>() : value.dump()));
  }
  return sets;
}

std::string error_of(const std::string& name, const json& input,
                     std::vector<std::string> sets = {}) {
  try {
    run_objective(name, input, sets);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Objective, EveryGoldenValue) {
  const json values = golden("pairwise_losses.json");
  for (const json& c : values["cases"]) {
    SCOPED_TRACE(c["id"].get<std::string>());
    const json out = run_objective("dpo", fixture_p(), sets_of(c["set"]));
    EXPECT_NEAR(out["loss"].get<double>(), c["mean"].get<double>(), 1e-9);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(out["per_sample"][i].get<double>(), c["loss"][i].get<double>(), 1e-9);
      for (const json& slope : out["gradient"]["policy_chosen"][i]) {
        EXPECT_NEAR(3 * slope.get<double>(), c["chosen_slope"][i].get<double>(), 1e-7);
      }
    }
  }
}

TEST(Objective, SupervisedAndItsMask) {
  const json input = {{"policy", {{-1.0, -2.0, nullptr}, {-3.0, 1e9, -0.5}}},
                      {"mask", {{1, 1, 0}, {true, false, 1}}}};
  const json out = run_objective("sft", input, {});
  EXPECT_NEAR(out["loss"].get<double>(), 6.5 / 4, 1e-15);
  EXPECT_EQ(out["gradient"]["policy"], json({{-0.25, -0.25, 0.0}, {-0.25, 0.0, -0.25}}));
  EXPECT_NEAR(out["per_sample"][0].get<double>(), 2 * 3.0 / 4, 1e-15);
  const json mean = run_objective("sft", input, {"normaliser=sequence_mean"});
  EXPECT_NEAR(mean["loss"].get<double>(), (1.5 + 1.75) / 2, 1e-15);
}

json fixture_t() { return golden("ppo.json")["fixture"]; }

TEST(Objective, TrajectoryFormGivesThePublishedPpoValues) {
  const json g = golden("ppo.json");
  json input = fixture_t();
  const json out = run_objective("ppo", input, {"critic=none"});
  EXPECT_NEAR(out["loss"].get<double>(), g["policy_loss"]["token_mean"].get<double>(), 1e-9);
  const std::vector<std::pair<const char*, double>> metrics = {
      {"clip_frac/active", 0.4},     {"clip_frac/outside", 0.8}, {"clip_frac/low", 0.2},
      {"clip_frac/high", 0.2},       {"approx_kl/k1", 0.02},     {"approx_kl/k2", 0.061},
      {"approx_kl/k3", 0.0621528242}};
  for (const auto& [name, value] : metrics) {
    EXPECT_NEAR(out["metrics"][name].get<double>(), value, 1e-9) << name;
  }
  EXPECT_EQ(out["gradient"]["policy"][1][2], 0.0);
  const json sequence = run_objective("ppo", input, {"critic=none", "normaliser=sequence_mean"});
  EXPECT_NEAR(sequence["loss"].get<double>(), g["policy_loss"]["sequence_mean"].get<double>(),
              1e-9);
  const json high = run_objective("ppo", input, {"critic=none", "epsilon_high=0.28"});
  EXPECT_NEAR(high["loss"].get<double>(), g["policy_loss"]["high_028"]["token_mean"].get<double>(),
              1e-9);
  // A value term with mean 0.075 over the five tokens gives the published total.
  input["value"] = {{0.5, 0.1, 0.9}, {0.5, 0.1, nullptr}};
  input["value_old"] = {{0.2, 0.3, 0.5}, {0.2, 0.3, nullptr}};
  input["return"] = {{1.0, 0.0, 0.8}, {1.0, 0.0, nullptr}};
  const json total = run_objective("ppo", input, {});
  EXPECT_NEAR(total["loss"].get<double>(), g["value"]["total_on_fixture"].get<double>(), 1e-9);
  EXPECT_EQ(total["gradient"]["value"].size(), 2U);
  double sum = 0;
  for (const json& value : total["per_sample"]) sum += value.get<double>();
  EXPECT_NEAR(sum / 2, total["loss"].get<double>(), 1e-14);
}

TEST(Objective, TrajectoryFormSaysWhatIsMissing) {
  EXPECT_THAT(error_of("ppo", fixture_t()), AllOf(HasSubstr("value"), HasSubstr("critic = head")));
  json input = fixture_t();
  input.erase("behaviour");
  EXPECT_THAT(error_of("ppo", input, {"critic=none"}), HasSubstr("behaviour"));
  input = fixture_t();
  input.erase("reference");
  EXPECT_THAT(error_of("ppo", input, {"critic=none", "kl_placement=loss"}), HasSubstr("reference"));
}

// Rewards of one group become the published advantages; their loss at the first update is 0.
TEST(Objective, RewardsBecomeAdvantages) {
  const json g = golden("sampled.json");
  json input = {{"policy", {{-1.0}, {-2.0}, {-0.5, -0.5}, {-3.0}}}, {"reward", g["scores"]}};
  const json grpo = run_objective("grpo", input, {"num_generations=4", "loss_type=luspo"});
  for (std::size_t n = 0; n < 4; ++n) {
    for (const json& a : grpo["advantage"][n]) {
      EXPECT_NEAR(a.get<double>(), g["advantage"][0]["value"][n].get<double>(), 1e-9);
    }
  }
  EXPECT_EQ(grpo["per_sample"].size(), 1U) << "one case";
  EXPECT_EQ(grpo["metrics"]["frac_reward_zero_std"], 0.0);
  const json rloo = run_objective("rloo", input, {"num_generations=2", "beta=0"});
  EXPECT_EQ(rloo["per_sample"].size(), 2U);
  EXPECT_NEAR(rloo["advantage"][0][0].get<double>(), 1, 1e-15);
  EXPECT_NEAR(rloo["advantage"][3][0].get<double>(), -0.25, 1e-15);
  const json remax = [&] {
    json with = input;
    with["greedy_reward"] = {0.5, 0.5, 0.5, 0.5};
    return run_objective("reinforce", with, {"baseline=greedy"});
  }();
  EXPECT_NEAR(remax["advantage"][1][0].get<double>(), -0.5, 1e-15);
}

// All rows are one case, and must be all there is: p = (1/2, 1/4, 1/4), E r = 0.625.
TEST(Objective, AllRowsOfAnEnumeratedCase) {
  json input = {{"policy", {{std::log(0.5)}, {std::log(0.25)}, {std::log(0.25)}}},
                {"reward", {1, 0, 0.5}}};
  const json out = run_objective("exact_gradient", input, {});
  EXPECT_NEAR(out["metrics"]["objective"].get<double>(), 0.625, 1e-12);
  EXPECT_NEAR(out["advantage"][0][0].get<double>(), 0.5 * 0.375, 1e-12);
  EXPECT_NEAR(out["gradient"]["policy"][1][0].get<double>(), 0.25 * 0.625, 1e-12);
  input["policy"] = {{-1.0}, {-2.0}, {-3.0}};
  EXPECT_THAT(error_of("exact_gradient", input), HasSubstr("have probability 0.553"));
}

TEST(Objective, FixtureOfSampledRules) {
  const json g = golden("sampled.json");
  json input = g["fixture"];
  for (const json& c : g["losses"]) {
    EXPECT_NEAR(run_objective("grpo", input, sets_of(c["set"]))["loss"].get<double>(),
                c["loss"].get<double>(), 1e-9);
  }
  EXPECT_NEAR(run_objective("rloo", input, {})["loss"].get<double>(),
              g["rloo"]["loss"].get<double>(), 1e-9);
  input["group_size"] = 2;
  const json online = run_objective("online_dpo", input, {});
  EXPECT_EQ(online["metrics"]["rewards/accuracies"], 1.0) << "0.2 nat above, 0.1 nat";
}

TEST(Objective, SeveralNegativesAndMismatchedTrajectories) {
  const json g = golden("reference_free.json");
  json input = {{"policy_chosen", {{0.5}}}, {"reference_chosen", {{0.0}}}};
  for (int k = 1; k <= 3; ++k) {
    const std::string suffix = "_rejected_" + std::to_string(k);
    input["policy" + suffix] = {{g["plackett_luce"]["others"][k - 1]}};
    input["reference" + suffix] = {{0.0}};
  }
  const json apo = run_objective("apo", input, {"negatives=3"});
  EXPECT_NEAR(apo["loss"].get<double>(), g["plackett_luce"]["loss"].get<double>(), 1e-9);
  EXPECT_NEAR(apo["gradient"]["policy_rejected_3"][0][0].get<double>(),
              g["plackett_luce"]["other_slopes"][2].get<double>(), 1e-9);
  json unpaired = fixture_p();
  EXPECT_THAT(error_of("kto", unpaired), HasSubstr("policy_mismatched"));
  for (std::size_t i = 0; i < 3; ++i) {
    unpaired["policy_mismatched"].push_back({g["kto"]["mismatched"][i]});
    unpaired["reference_mismatched"].push_back({g["kto"]["reference"][i]});
  }
  EXPECT_NEAR(run_objective("kto", unpaired, {})["loss"].get<double>(),
              g["kto"]["mean"].get<double>(), 1e-9);
  json plain = fixture_p();
  EXPECT_THAT(error_of("simpo", plain), HasSubstr("does not take this field"));
  plain.erase("reference_chosen");
  plain.erase("reference_rejected");
  EXPECT_NEAR(run_objective("simpo", plain, {})["loss"].get<double>(),
              g["simpo"]["mean"].get<double>(), 1e-9);
}

TEST(Objective, WhatSampledRulesRefuse) {
  const json input = {{"policy", {{-1.0}, {-2.0}, {-3.0}}}, {"reward", {1, 0, 0.5}}};
  EXPECT_THAT(error_of("rloo", input, {"beta=0"}), HasSubstr("must divide the 3 rows"));
  json both = input;
  both["advantage"] = {1, 0, 0};
  EXPECT_THAT(error_of("reinforce", both), HasSubstr("give one of them"));
  EXPECT_THAT(error_of("reinforce", input, {"baseline=greedy"}), HasSubstr("greedy_reward"));
  json size = input;
  size["group_size"] = 0;
  EXPECT_THAT(error_of("reinforce", size), HasSubstr("integer >= 1"));
}

TEST(Objective, PaddingMayBeNullOrAnything) {
  json input = fixture_p();
  const json clean = run_objective("dpo", input, {"rpo_alpha=1"});
  for (const char* side : {"chosen", "rejected"}) {
    json mask;
    for (std::size_t i = 0; i < 3; ++i) {
      json& row = input[std::string("policy_") + side][i];
      json ones = json(std::vector<int>(row.size(), 1));
      for (int pad = 0; pad < 2; ++pad) {
        row.push_back(nullptr);
        input[std::string("reference_") + side][i].push_back(pad == 0 ? json(std::nan(""))
                                                                      : json(77));
        ones.push_back(0);
      }
      mask.push_back(ones);
    }
    input[std::string("mask_") + side] = mask;
  }
  const json out = run_objective("dpo", input, {"rpo_alpha=1"});
  EXPECT_EQ(out["loss"], clean["loss"]);
  EXPECT_EQ(out["metrics"], clean["metrics"]);
  EXPECT_EQ(out["gradient"]["policy_chosen"][0][4], 0.0);
  EXPECT_EQ(out["gradient"]["policy_chosen"][0][0], clean["gradient"]["policy_chosen"][0][0]);
}

TEST(Objective, PerSampleAveragesToTheLoss) {
  const json out = run_objective("cpo", fixture_p(), {"preset=cpo_paper_defaults", "beta=0.3"});
  double sum = 0;
  for (const json& value : out["per_sample"]) sum += value.get<double>();
  EXPECT_NEAR(sum / 3, out["loss"].get<double>(), 1e-14);
}

TEST(Objective, FirstDivergenceNeedsTokens) {
  EXPECT_THAT(error_of("dpo", fixture_p(), {"credit=first_divergence"}),
              AllOf(HasSubstr("tokens_chosen: missing"), HasSubstr("first_divergence")));
  json input = {{"policy_chosen", {{-1.0, -0.5}}},    {"policy_rejected", {{-1.0, -3.0}}},
                {"reference_chosen", {{-1.0, -1.0}}}, {"reference_rejected", {{-2.0, -1.0}}},
                {"tokens_chosen", {{4, 5}}},          {"tokens_rejected", {{4, 6}}}};
  const json out = run_objective("dpo", input, {"credit=first_divergence"});
  EXPECT_NEAR(out["loss"].get<double>(), std::log1p(std::exp(-0.25)), 1e-15);
  EXPECT_EQ(out["gradient"]["policy_chosen"][0][0], 0.0);
  EXPECT_EQ(out["gradient"]["policy_rejected"][0][0], 0.0);
}

TEST(Objective, ErrorsNamePathValueAndAllowed) {
  json input = fixture_p();
  input["policy_chosen"][1][2] = nullptr;
  EXPECT_THAT(error_of("dpo", input), AllOf(HasSubstr("policy_chosen[1][2] = null"),
                                            HasSubstr("finite number where mask_chosen is 1")));
  input = fixture_p();
  input["policy_rejected"][0][0] = "x";
  EXPECT_THAT(error_of("dpo", input),
              AllOf(HasSubstr("policy_rejected[0][0] = \"x\""), HasSubstr("must be a number")));
  input = fixture_p();
  input["reference_chosen"][2].push_back(-1);
  EXPECT_THAT(error_of("dpo", input), HasSubstr("reference_chosen[2]: has 3 entries, must have 2"));
  input = fixture_p();
  input["policy_rejected"].erase(2);
  input["reference_rejected"].erase(2);
  EXPECT_THAT(error_of("dpo", input), HasSubstr("policy_rejected: has 2 rows, must have 3"));
  input = fixture_p();
  input["mask_chosen"] = json({{1, 1, 1, 2}, {1, 1, 1, 1, 1}, {1, 1}});
  EXPECT_THAT(error_of("dpo", input), HasSubstr("mask_chosen[0][3] = 2: must be 0, 1"));
  input = fixture_p();
  input.erase("reference_rejected");
  EXPECT_THAT(error_of("dpo", input), HasSubstr("reference_rejected: missing"));
  input = fixture_p();
  input["policy_choosen"] = 1;
  EXPECT_THAT(error_of("dpo", input),
              AllOf(HasSubstr("policy_choosen: unknown field"), HasSubstr("did you mean")));
  EXPECT_THAT(error_of("dpo", json::array()), HasSubstr("must be an object"));
  EXPECT_THAT(error_of("sft", {{"policy", json::array()}}), HasSubstr("N >= 1"));
  EXPECT_THAT(error_of("sft", {{"policy", {1, 2}}}), HasSubstr("policy[0] = 1: must be a list"));
}

TEST(Objective, ReservedFieldsAndOptions) {
  EXPECT_THAT(
      error_of("sft", {{"policy", {{-1.0}}}, {"advantage", {1.0}}}),
      HasSubstr("advantage: optimizer sft does not take this field; it takes policy, mask"));
  EXPECT_THAT(error_of("dpo", {{"policy", {{-1.0}}}}), HasSubstr("it takes policy_chosen"));
  EXPECT_THAT(error_of("dppo", fixture_p()), HasSubstr("did you mean \"dpo\""));
  EXPECT_THAT(error_of("dpo", fixture_p(), {"beta=-1"}),
              AllOf(HasSubstr("--set beta=-1"), HasSubstr("> 0")));
  EXPECT_THAT(error_of("dpo", fixture_p(), {"bet=1"}), HasSubstr("did you mean \"beta\""));
  EXPECT_THAT(error_of("dpo", fixture_p(), {"beta"}), HasSubstr("key=value"));
  EXPECT_EQ(run_objective("dpo", fixture_p(), {"beta=1", "beta=0.1"})["loss"],
            run_objective("dpo", fixture_p(), {})["loss"]);
}

}  // namespace
}  // namespace tightrope
