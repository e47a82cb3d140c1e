// SPDX-License-Identifier: Apache-2.0
// The published values: tests/golden/pairwise_losses.json and likelihood_losses.json.
#include "optimizers/pairwise_link.h"
#include "tests/optimizers/batch.h"

namespace tightrope::optimizer_test {
namespace {

using nlohmann::json;

constexpr double kLossTolerance = 1e-9;
constexpr double kSlopeTolerance = 1e-8;  // slopes are printed to 8 decimals
constexpr double kLargeSlopeTolerance = 1e-7;

std::string yaml_of(const json& set, const std::string& type = "dpo") {
  json all = set;
  all["type"] = type;
  return all.dump();
}

TEST(Golden, PairwiseLossesPerPairAndMeanAndSlopes) {
  const json file = golden("pairwise_losses.json");
  const json& f = file["fixture"];
  ASSERT_EQ(file["cases"].size(), 17u);
  for (const json& c : file["cases"]) {
    SCOPED_TRACE(c["id"].get<std::string>());
    const auto optimizer = build(yaml_of(c["set"]));
    const CaseList cases = fixture_p();
    const Outcome all = run(*optimizer, cases);
    EXPECT_NEAR(all.loss, c["mean"].get<double>(), kLossTolerance);
    for (std::size_t i = 0; i < 3; ++i) {
      const Outcome one = run(*optimizer, {cases[i]});
      EXPECT_NEAR(one.loss, c["loss"][i].get<double>(), kLossTolerance);
      const double w = c["chosen_slope"][i];
      const double l = c.contains("rejected_slope") ? c["rejected_slope"][i].get<double>() : -w;
      const double tolerance = std::abs(w) > 1 ? kLargeSlopeTolerance : kSlopeTolerance;
      EXPECT_NEAR(one.gradient.front(), w, tolerance);
      EXPECT_NEAR(one.gradient.back(), l, tolerance);
      EXPECT_EQ(one.gradient.size(), f["chosen_length"][i].get<std::size_t>() +
                                         f["rejected_length"][i].get<std::size_t>());
    }
  }
}

TEST(Golden, MetricsOfFixtureP) {
  const Outcome out = run(*build("{type: dpo}"), fixture_p());
  const auto mean = [&](const char* name) { return out.metrics.at(name).mean(); };
  EXPECT_NEAR(mean("rewards/chosen"), 0.1 * (0.5 - 1.0 + 0.2) / 3, 1e-12);
  EXPECT_NEAR(mean("rewards/rejected"), 0.1 * (-0.2 + 0.5 - 1.0) / 3, 1e-12);
  EXPECT_NEAR(mean("rewards/margins"), 0.1 * (0.7 - 1.5 + 1.2) / 3, 1e-12);
  EXPECT_NEAR(mean("rewards/accuracies"), 2.0 / 3, 1e-12);
  EXPECT_NEAR(mean("logps/chosen"), -13.0 / 3, 1e-12);
  EXPECT_NEAR(mean("logps/rejected"), -17.5 / 3, 1e-12);
  EXPECT_NEAR(mean("displacement/chosen"), -0.1, 1e-12);
  EXPECT_NEAR(mean("nll_loss"), 13.0 / 11, 1e-12);
  EXPECT_EQ(out.metrics.at("loss").count, 1);
  for (const std::string& name : build("{type: dpo}")->metrics()) {
    EXPECT_EQ(out.metrics.count(name), 1u) << name;
  }
}

TEST(Golden, SupervisedNormalisersDiffer) {
  const json g = golden("likelihood_losses.json")["sft"];
  CaseList cases;
  for (const auto& pair : fixture_p()) cases.push_back({pair[0]});
  const Outcome tokens = run(*build("{type: sft}"), cases);
  EXPECT_NEAR(tokens.loss, g["token_mean"].get<double>(), kLossTolerance);
  for (double slope : tokens.gradient) EXPECT_NEAR(slope, -1.0 / 11, 1e-15);
  const Outcome sequences = run(*build("{type: sft, normaliser: sequence_mean}"), cases);
  EXPECT_NEAR(sequences.loss, g["sequence_mean"].get<double>(), kLossTolerance);
  EXPECT_NEAR(sequences.gradient.front(), -1.0 / 12, 1e-15);
  EXPECT_NEAR(sequences.gradient.back(), -1.0 / 6, 1e-15);
  EXPECT_NEAR(sequences.metrics.at("nll_loss").mean(), 13.0 / 11, 1e-12);
}

TEST(Golden, LikelihoodTermIsTokenMeanOfTheStep) {
  const json g = golden("likelihood_losses.json")["rpo"];
  const Outcome dpo = run(*build("{type: dpo, rpo_alpha: 1}"), fixture_p());
  EXPECT_NEAR(dpo.loss, g["token_mean"].get<double>(), kLossTolerance);
  EXPECT_GT(std::abs(dpo.loss - g["sequence_means_instead"].get<double>()), 0.05);
  const Outcome plain = run(*build("{type: dpo}"), fixture_p());
  for (std::size_t t = 0; t < 4; ++t) {
    EXPECT_NEAR(dpo.gradient[t] - plain.gradient[t], -1.0 / 11, 1e-15);
  }
  EXPECT_EQ(dpo.gradient[4], plain.gradient[4]);  // rejected side: no likelihood term
}

TEST(Golden, CounterfactualPresetsAreDpoWithPapersSettings) {
  const std::vector<std::pair<std::string, std::string>> same = {
      {"{type: cpo}", "{type: dpo}"},
      {"{type: cpo, preset: cpo_plain}", "{type: dpo, beta: 0.1, rpo_alpha: 0}"},
      {"{type: cpo, preset: cpo_paper_defaults}", "{type: dpo, beta: 0.1, rpo_alpha: 1}"},
      {"{type: cpo, preset: cpo_pp_script}", "{type: dpo, beta: 0.1, rpo_alpha: 0.1}"},
      {"{type: cpo, preset: cpo_paper_defaults, beta: 0.3}",
       "{type: dpo, beta: 0.3, rpo_alpha: 1}"},
      {"{type: cpo, preset: cpo_paper_defaults, rpo_alpha: 0, loss_type: hinge}",
       "{type: dpo, loss_type: hinge}"}};
  for (const auto& [cpo, dpo] : same) {
    SCOPED_TRACE(cpo);
    const Outcome a = run(*build(cpo), fixture_p());
    const Outcome b = run(*build(dpo), fixture_p());
    EXPECT_EQ(a.loss, b.loss);
    EXPECT_EQ(a.gradient, b.gradient);
  }
}

TEST(Golden, TorchtuneLossTests) {
  const json g = golden("likelihood_losses.json")["torchtune_dpo_tests"];
  for (std::size_t i = 0; i < 3; ++i) {
    const PairRatios ratios{.chosen = g["margin"][i], .rejected = 0};
    EXPECT_NEAR(pairwise_link({.link = Link::kSigmoid}, ratios).value,
                g["sigmoid"][i].get<double>(), kLossTolerance);
    EXPECT_NEAR(pairwise_link({.link = Link::kHinge}, ratios).value, g["hinge"][i].get<double>(),
                kLossTolerance);
  }
}

}  // namespace
}  // namespace tightrope::optimizer_test
