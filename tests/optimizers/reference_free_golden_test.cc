// SPDX-License-Identifier: Apache-2.0
// The published values of simpo, contrastive_po, orpo, kto and apo: reference_free.json.
#include <cmath>

#include "tests/optimizers/batch.h"

namespace tightrope::optimizer_test {
namespace {

using nlohmann::json;
constexpr double kTolerance = 1e-9;
constexpr double kSlopeTolerance = 1e-8;  // slopes are printed to 8 decimals

json file() { return golden("reference_free.json"); }

// Losses and slopes of the pairs of fixture P, each a step of its own, less `likelihood` times its
// negative log-likelihood per token.
void check_pairs(const Optimizer& rule, const json& loss, const json* chosen, const json* rejected,
                 double likelihood = 0) {
  const CaseList cases = fixture_p();
  for (std::size_t i = 0; i < 3; ++i) {
    const Outcome one = run(rule, {cases[i]});
    const double tokens = static_cast<double>(cases[i][0].mask.size());
    const double nll = one.metrics.at("nll_loss").mean();
    EXPECT_NEAR(one.loss - likelihood * nll, loss[i].get<double>(), kTolerance) << i;
    if (chosen == nullptr) continue;
    EXPECT_NEAR(one.gradient.front() + likelihood / tokens, (*chosen)[i].get<double>(),
                kSlopeTolerance);
    EXPECT_NEAR(one.gradient.back(), (*rejected)[i].get<double>(), kSlopeTolerance);
  }
}

TEST(ReferenceFreeGolden, Simpo) {
  const json g = file()["simpo"];
  const auto simpo = build("{type: simpo}");
  check_pairs(*simpo, g["loss"], &g["chosen_slope"], &g["rejected_slope"]);
  EXPECT_NEAR(run(*simpo, fixture_p()).loss, g["mean"].get<double>(), kTolerance);
  EXPECT_NEAR(run(*build("{type: simpo, simpo_gamma: 1}"), fixture_p()).loss,
              g["gamma_1_mean"].get<double>(), kTolerance);
  // AlphaPO tends to SimPO, and has another loss away from it.
  EXPECT_NEAR(run(*build("{type: simpo, alpha: 1.0e-7}"), fixture_p()).loss,
              g["mean"].get<double>(), 1e-5);
  EXPECT_GT(std::abs(run(*build("{type: simpo, alpha: 0.5}"), fixture_p()).loss -
                     g["mean"].get<double>()),
            0.01);
}

TEST(ReferenceFreeGolden, Contrastive) {
  const json g = file()["contrastive"];
  check_pairs(*build("{type: contrastive_po, cpo_alpha: 0}"), g["loss"], nullptr, nullptr);
  const auto rule = build("{type: contrastive_po}");
  check_pairs(*rule, g["loss"], nullptr, nullptr, 1);
  const Outcome all = run(*rule, fixture_p());
  EXPECT_NEAR(all.loss, g["mean"].get<double>() + 13.0 / 11, kTolerance);
  EXPECT_EQ(all.metrics.count("displacement/chosen"), 0U) << "there is no reference";
}

TEST(ReferenceFreeGolden, Orpo) {
  const json g = file()["orpo"];
  check_pairs(*build("{type: orpo}"), g["term"], &g["chosen_slope"], &g["rejected_slope"], 1);
  const Outcome all = run(*build("{type: orpo}"), fixture_p());
  EXPECT_NEAR(all.loss, g["mean"].get<double>() + g["nll"].get<double>(), kTolerance);
  EXPECT_NEAR(all.metrics.at("log_odds_ratio").mean(), g["log_odds_ratio"].get<double>(),
              kTolerance);
  EXPECT_NEAR(all.metrics.at("log_odds_chosen").mean(), g["log_odds_chosen"].get<double>(),
              kTolerance);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(run(*build("{type: orpo}"), {fixture_p()[i]}).metrics.at("log_odds_chosen").mean(),
                g["log_odds"][i].get<double>(), kTolerance);
  }
}

TEST(ReferenceFreeGolden, Kto) {
  const json g = file()["kto"];
  double mean = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    mean += (g["mismatched"][i].get<double>() - g["reference"][i].get<double>()) / 3;
  }
  const auto kto = build("{type: kto}");
  EXPECT_TRUE(kto->needs_mismatched());
  const auto with = [&](const std::string& yaml, double baseline) {
    Flat flat(fixture_p());
    flat.totals.kl_baseline = baseline;
    return flat.run(*build(yaml));
  };
  EXPECT_NEAR(mean, g["z0"].get<double>(), 1e-12);
  const Outcome all = with("{type: kto}", mean);
  EXPECT_NEAR(all.loss, g["mean"].get<double>(), kTolerance);
  EXPECT_NEAR(all.metrics.at("kl").mean(), mean, 1e-15);
  EXPECT_NEAR(with("{type: kto}", -0.3).loss, g["z0_negative_mean"].get<double>(), kTolerance);
  EXPECT_NEAR(with("{type: kto, desirable_weight: 1.33}", mean).loss,
              g["weight_1_33_mean"].get<double>(), kTolerance);
  const CaseList cases = fixture_p();
  std::size_t first = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    // Slopes are per sample: six of them share the mean.
    EXPECT_NEAR(6 * all.gradient[first], g["chosen_slope"][i].get<double>(), kSlopeTolerance);
    first += cases[i][0].mask.size();
    EXPECT_NEAR(6 * all.gradient[first], g["rejected_slope"][i].get<double>(), kSlopeTolerance);
    first += cases[i][1].mask.size();
  }
  // Step zero: 1/2 whatever the trajectories are.
  CaseList same = cases;
  for (auto& pair : same) {
    for (auto& s : pair) s.log_prob = s.reference;
  }
  EXPECT_NEAR(run(*kto, same).loss, 0.5, 1e-15);
  EXPECT_FALSE(build("{type: kto, loss_type: apo_zero_unpaired}")->needs_mismatched());
  EXPECT_NEAR(with("{type: kto, loss_type: apo_zero_unpaired}", 7).loss,
              g["z0_negative_mean"].get<double>(), kTolerance);
}

// One case of a factual trajectory and alternatives, one token each, reference 0.
CaseList ranked(double chosen, const std::vector<double>& others) {
  CaseList cases(1);
  cases[0].push_back(even_sequence(chosen, 0, 1));
  for (const double d : others) cases[0].push_back(even_sequence(d, 0, 1, 1));
  return cases;
}

TEST(ReferenceFreeGolden, PlackettLuce) {
  const json g = file()["plackett_luce"];
  const std::vector<double> others = g["others"];
  const CaseList cases = ranked(g["chosen"], others);
  const Outcome best = run(*build("{type: apo, negatives: 3}"), cases);
  EXPECT_NEAR(best.loss, g["loss"].get<double>(), kTolerance);
  EXPECT_NEAR(best.gradient[0], g["chosen_slope"].get<double>(), kTolerance);
  double total = 0, entropy = 0;
  for (int k = 0; k < 4; ++k) {
    const double q = best.metrics.at("pl/weight_" + std::to_string(k)).mean();
    total += q;
    entropy -= q * std::log(q);
    if (k > 0) {
      EXPECT_NEAR(best.gradient[k], g["other_slopes"][k - 1].get<double>(), kTolerance);
      EXPECT_NEAR(best.gradient[k], 0.1 * q, 1e-12);
    }
  }
  EXPECT_NEAR(total, 1, 1e-12);
  EXPECT_NEAR(best.metrics.at("pl/entropy").mean(), entropy, 1e-12);
  EXPECT_NEAR(best.metrics.at("rewards/rejected_max").mean(), 0.01, 1e-12);
  EXPECT_NEAR(run(*build("{type: apo, negatives: 3, beta: 1}"), cases).loss,
              g["loss_beta_1"].get<double>(), kTolerance);
  EXPECT_NEAR(run(*build("{type: apo, negatives: 3, ranking: full}"), cases).loss,
              g["full"].get<double>(), kTolerance);
  double pairs = 0;
  for (const double d : others) {
    pairs += run(*build("{type: dpo}"), ranked(g["chosen"], {d})).loss / 3;
  }
  EXPECT_NEAR(pairs, g["mean_of_pairs"].get<double>(), kTolerance);
}

TEST(ReferenceFreeGolden, OneAlternativeIsDpoAndStepZeroIsLnOfAll) {
  const Outcome apo = run(*build("{type: apo, negatives: 1, rpo_alpha: 0.5}"), fixture_p());
  const Outcome dpo = run(*build("{type: dpo, rpo_alpha: 0.5}"), fixture_p());
  EXPECT_NEAR(apo.loss, dpo.loss, 1e-14);
  for (std::size_t t = 0; t < apo.gradient.size(); ++t) {
    EXPECT_NEAR(apo.gradient[t], dpo.gradient[t], 1e-15);
  }
  const CaseList zero = ranked(0, {0, 0, 0, 0});
  EXPECT_NEAR(run(*build("{type: apo, negatives: 4}"), zero).loss, std::log(5.0), 1e-14);
}

// The fixture's pairs with weights as if each had a source of its own.
double weighted_loss(const std::string& options, const std::vector<double>& weights, CaseList cases,
                     std::vector<std::uint8_t> source) {
  const std::string yaml =
      "{type: cpo_pp, rpo_alpha: 0, thinking_weight: " + std::to_string(weights[0]) +
      ", perception_weight: " + std::to_string(weights[1]) +
      ", other_weight: " + std::to_string(weights[2]) + options + "}";
  const auto rule = build(yaml);
  const Flat flat(cases);
  const std::vector<double> weight =
      rule->case_weights({flat.begin, flat.offset, flat.mask, source});
  Group group = flat.group(0, static_cast<int>(cases.size()));
  group.case_weight = weight;
  group.source = source;
  MetricSums metrics;
  std::vector<double> gradient(flat.log_prob.size(), 0.0);
  rule->loss(group, flat.totals, {gradient, {}, {}}, metrics);
  return metrics.at("loss").sum;
}

TEST(SourceWeightsGolden, NormalisedOverTheStepOrNot) {
  const json g = file()["source_weights"];
  const std::vector<double> w = g["weights"];
  const CaseList p = fixture_p();
  EXPECT_NEAR(weighted_loss("", w, p, {0, 1, 2}), g["normalised"].get<double>(), kTolerance);
  EXPECT_NEAR(weighted_loss(", weight_norm: none", w, p, {0, 1, 2}), g["plain"].get<double>(),
              kTolerance);
  EXPECT_NEAR(weighted_loss(", label_smoothing: 0.1", w, p, {0, 1, 2}),
              g["smoothing_0.1"].get<double>(), kTolerance);
  EXPECT_NEAR(weighted_loss("", g["zero_weights"], p, {0, 1, 2}),
              g["zero_normalised"].get<double>(), kTolerance);
  // As the published trainer: pairs {2, 3} and {1} are microbatches of their own.
  EXPECT_NEAR(
      weighted_loss(", weight_norm: microbatch, microbatch: 2", w, {p[1], p[2], p[0]}, {1, 2, 0}),
      g["microbatch_means"].get<double>(), kTolerance);
  EXPECT_GT(std::abs(g["microbatch_means"].get<double>() - g["normalised"].get<double>()), 1e-4)
      << "the cut changes the result";
}

TEST(SourceWeightsGolden, WithoutSourcesItIsDpo) {
  const Outcome plain = run(*build("{type: cpo_pp, rpo_alpha: 0.3}"), fixture_p());
  const Outcome dpo = run(*build("{type: dpo, rpo_alpha: 0.3}"), fixture_p());
  EXPECT_EQ(plain.loss, dpo.loss);
  EXPECT_EQ(plain.gradient, dpo.gradient);
  EXPECT_NEAR(plain.metrics.at("cpo_plus/thinking_loss").mean(),
              run(*build("{type: dpo}"), fixture_p()).loss, 1e-12);
  EXPECT_EQ(plain.metrics.at("cpo_plus/perception_count").sum, 0);
  EXPECT_NE(build_error("{type: cpo_pp, weight_norm: microbatch}").find("microbatch"),
            std::string::npos);
  EXPECT_NE(build_error("{type: cpo_pp, thinking_weight: 0, perception_weight: 0, other_weight: 0}")
                .find("one must be > 0"),
            std::string::npos);
}

TEST(ReferenceFreeGolden, ExtremesStayFinite) {
  for (const char* yaml :
       {"{type: simpo}", "{type: simpo, alpha: 2}", "{type: contrastive_po}", "{type: orpo}",
        "{type: kto}", "{type: apo, negatives: 1}", "{type: apo, negatives: 1, ranking: full}"}) {
    for (const double chosen : {-700.0, -1e-300, 0.0}) {
      for (const double rejected : {-700.0, -1e-300, 0.0}) {
        const Outcome out =
            run(*build(yaml),
                {{even_sequence(chosen, rejected, 3), even_sequence(rejected, chosen, 2, 9)}});
        EXPECT_TRUE(std::isfinite(out.loss)) << yaml << chosen << rejected;
        for (const double s : out.gradient) EXPECT_TRUE(std::isfinite(s)) << yaml;
      }
    }
  }
}

}  // namespace
}  // namespace tightrope::optimizer_test
