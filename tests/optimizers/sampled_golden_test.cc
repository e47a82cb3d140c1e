// SPDX-License-Identifier: Apache-2.0
// The published values of reinforce, rloo and grpo: tests/golden/sampled.json.
#include <cmath>

#include "core/api/rollout.h"
#include "optimizers/group_advantage.h"
#include "optimizers/overlong.h"
#include "tests/optimizers/batch.h"

namespace tightrope::optimizer_test {
namespace {

using nlohmann::json;
constexpr double kTolerance = 1e-9;

json file() { return golden("sampled.json"); }

// The fixture as two trajectories of one case, or of one case each.
Flat fixture(bool one_case = true) {
  const json f = file()["fixture"];
  CaseList cases;
  std::vector<std::vector<double>> behaviour;
  for (std::size_t n = 0; n < 2; ++n) {
    Sequence s;
    for (std::size_t t = 0; t < f["mask"][n].size(); ++t) {
      const bool scored = f["mask"][n][t] == 1;
      s.log_prob.push_back(scored ? f["policy"][n][t].get<double>() : kNaN);
      s.reference.push_back(scored ? f["reference"][n][t].get<double>() : kNaN);
      s.mask.push_back(scored ? 1 : 0);
      s.tokens.push_back(static_cast<std::int32_t>(t));
    }
    if (n == 0 || !one_case) cases.emplace_back();
    cases.back().push_back(s);
  }
  Flat flat(cases);
  for (std::size_t n = 0, t = 0; n < 2; ++n) {
    for (std::size_t k = 0; k < 3; ++k, ++t) {
      flat.behaviour[t] = flat.mask[t] != 0 ? f["behaviour"][n][k].get<double>() : kNaN;
      flat.advantage[t] = f["advantage"][n].get<double>();
    }
  }
  return flat;
}

TEST(SampledGolden, GroupAdvantages) {
  const json g = file();
  for (const json& c : g["advantage"]) {
    std::vector<double> score = g["scores"];
    std::vector<std::int32_t> groups = {0, 4};
    if (c.contains("with_ones")) {
      score.insert(score.end(), 4, 1.0);
      groups.push_back(8);
    }
    const std::vector<double> out = group_advantage(
        {Baseline::kGroup, scale_of(c["scale"]), c["epsilon"].get<double>()}, groups, score);
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_NEAR(out[i], c["value"][i].get<double>(), kTolerance) << c;
    }
    for (std::size_t i = 4; i < out.size(); ++i) EXPECT_EQ(out[i], 0) << "an all-equal group";
  }
  const std::vector<double> score = g["scores"];
  const std::vector<double> loo =
      group_advantage({.baseline = Baseline::kLeaveOneOut}, std::vector<std::int32_t>{0, 4}, score);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(loo[i], g["rloo"]["advantage"][i].get<double>(), kTolerance);
  }
  EXPECT_THROW(group_advantage({}, std::vector<std::int32_t>{0, 1, 4}, score), InternalError)
      << "a group of one is refused";
}

TEST(SampledGolden, LossTypesOnTheFixture) {
  const json g = file();
  ASSERT_FALSE(g["losses"].empty());
  for (const json& c : g["losses"]) {
    json set = c["set"];
    set["type"] = "grpo";
    EXPECT_NEAR(fixture().run(*build(set.dump())).loss, c["loss"].get<double>(), kTolerance) << c;
    set["epsilon_high"] = 0.28;
    EXPECT_NEAR(fixture().run(*build(set.dump())).loss, c["wide"].get<double>(), kTolerance) << c;
  }
  EXPECT_NEAR(fixture().run(*build("{type: grpo, beta: 0.04}")).loss,
              g["dapo_beta_0.04"].get<double>(), kTolerance);
  EXPECT_NEAR(fixture().run(*build("{type: grpo, loss_type: cispo, cap: 5}")).loss,
              g["cispo_cap_5"].get<double>(), kTolerance);
}

// GSPO: one ratio per trajectory, its clipped term on each token, mean of the trajectories' means.
TEST(SampledGolden, SequenceRatios) {
  const json g = file();
  const Outcome gspo = fixture().run(
      *build("{type: grpo, loss_type: grpo, importance_sampling_level: sequence, epsilon: 0.01}"));
  const double first = g["gspo_ratio"][0], second = g["gspo_ratio"][1];
  EXPECT_NEAR(gspo.loss, (-first + 0.5 * second) / 2, kTolerance) << "A > 0 keeps a low ratio";
  EXPECT_NEAR(gspo.metrics.at("ratio").mean(), (3 * first + 2 * second) / 5, kTolerance);
  const Outcome rloo = fixture().run(*build("{type: rloo}"));
  EXPECT_NEAR(rloo.loss, g["rloo"]["loss"].get<double>(), kTolerance);
  const double rho = g["rloo"]["ratio"][0];
  for (int t = 0; t < 3; ++t) EXPECT_NEAR(rloo.gradient[t], -rho / 2, kTolerance);
}

TEST(SampledGolden, ReinforceBaselines) {
  const json g = file();
  const std::vector<double> score = g["scores"];
  for (const char* baseline : {"none", "batch", "leave_one_out"}) {
    CaseList cases(1);
    for (int n = 0; n < 4; ++n) {
      cases[0].push_back(even_sequence(g["reinforce"]["log_prob"][n], 0, 1 + n));
    }
    Flat flat(cases);
    const auto rule =
        build(std::string("{type: reinforce, num_generations: 4, baseline: ") + baseline + "}");
    Assessment assessed;
    MetricSums metrics;
    std::vector<double> state = rule->rollout()->initial_state();
    rule->rollout()->assess({.group_begin = flat.begin,
                             .offset = flat.offset,
                             .mask = flat.mask,
                             .behaviour_log_prob = flat.behaviour,
                             .score = score},
                            state, assessed, metrics);
    flat.advantage = assessed.advantage;
    EXPECT_NEAR(flat.run(*rule).loss, g["reinforce"][baseline].get<double>(), kTolerance);
  }
}

// The token mean of microbatches depends on the cut; cases {1}, {2} weigh their means alike.
TEST(SampledGolden, MicrobatchesOfBnpo) {
  const json p = golden("ppo.json")["policy_loss"]["per_token"];
  const Outcome cut = [&] {
    const auto rule = build("{type: grpo, loss_type: bnpo, microbatch: 1}");
    const Flat flat = fixture(false);
    MetricSums metrics;
    std::vector<double> gradient(flat.log_prob.size(), 0.0);
    const std::vector<double> weight = rule->case_weights({flat.begin, flat.offset, flat.mask});
    Group group = flat.group(0, 2);
    group.case_weight = weight;
    rule->loss(group, flat.totals, {gradient, {}, {}}, metrics);
    return Outcome{metrics.at("loss").sum, gradient, {}, {}, metrics};
  }();
  const double first = (p[0].get<double>() + p[1].get<double>() + p[2].get<double>()) / 3;
  const double second = (p[3].get<double>() + p[4].get<double>()) / 2;
  EXPECT_NEAR(cut.loss, (first + second) / 2, kTolerance);
  EXPECT_GT(std::abs(cut.loss - file()["losses"][1]["loss"].get<double>()), 0.1);
}

TEST(SampledGolden, OverlongPunishment) {
  const Overlong soft{.max_length = 10, .buffer = 4};
  EXPECT_EQ(overlong_penalty(soft, 6), 0);
  EXPECT_EQ(overlong_penalty(soft, 7), -0.25);
  EXPECT_EQ(overlong_penalty(soft, 10), -1);
  EXPECT_EQ(overlong_penalty(soft, 12), -1);
  EXPECT_EQ(overlong_penalty({}, 1000), 0);
}

TEST(SampledOptions, WithoutMeaningAreErrors) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"{type: grpo, delta: 1.1}", "delta"},
      {"{type: grpo, loss_type: dr_grpo}", "max_length"},
      {"{type: grpo, max_length: 5, overlong_buffer: 6}", "overlong_buffer"},
      {"{type: grpo, microbatch: 4}", "bnpo"},
      {"{type: grpo, loss_type: cispo, delta: 3}", "cap"},
      {"{type: grpo, num_generations: 1}", "num_generations"},
      {"{type: rloo, num_generations: 1}", "num_generations"},
      {"{type: reinforce, baseline: group}", "num_generations"}};
  for (const auto& [yaml, word] : wrong) {
    EXPECT_NE(build_error(yaml).find(word), std::string::npos) << yaml << build_error(yaml);
  }
}

}  // namespace
}  // namespace tightrope::optimizer_test
