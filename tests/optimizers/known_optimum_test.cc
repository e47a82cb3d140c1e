// SPDX-License-Identifier: Apache-2.0
// Step-zero identities, stationary points and the population optimum
// (tests/golden/known_optima.json).
#include <cmath>

#include "core/base/math.h"
#include "optimizers/pairwise_link.h"
#include "tests/optimizers/batch.h"

namespace tightrope::optimizer_test {
namespace {

TEST(KnownOptimum, StepZeroIdentities) {
  const nlohmann::json g = golden("known_optima.json")["step_zero"];
  CaseList cases = fixture_p();
  for (auto& pair : cases) {
    for (auto& s : pair) s.log_prob = s.reference;
  }
  for (const auto& [link, value] : g.items()) {
    for (const std::string& credit : every_credit()) {
      const Outcome out =
          run(*build("{type: dpo, loss_type: " + link + ", " + credit + "}"), cases);
      EXPECT_NEAR(out.loss, value.get<double>(), 1e-9) << link << " " << credit;
      EXPECT_EQ(out.metrics.at("rewards/chosen").sum, 0);
      EXPECT_EQ(out.metrics.at("rewards/margins").sum, 0);
      EXPECT_EQ(out.metrics.at("rewards/accuracies").sum, 0) << "strict: 0, not one half";
      EXPECT_EQ(out.metrics.at("displacement/chosen").sum, 0);
    }
  }
  const double ln2 = std::log(2.0);
  const std::map<std::string, double> formulas = {
      {"sigmoid_norm", ln2}, {"nca_pair", 2 * ln2}, {"bco_pair", 2 * ln2},      {"sppo_hard", 50},
      {"apo_zero", 1},       {"apo_down", 1},       {"discopop", (ln2 + 1) / 2}};
  for (const auto& [link, value] : formulas) {
    EXPECT_NEAR(run(*build("{type: dpo, loss_type: " + link + "}"), cases).loss, value, 1e-12)
        << link;
  }
  const double exo = -ln2 - 0.5 * (std::log(0.9) + std::log(0.1));
  EXPECT_NEAR(run(*build("{type: dpo, loss_type: exo_pair, label_smoothing: 0.1}"), cases).loss,
              exo, 1e-12);
  for (const std::string& divergence : every_divergence()) {
    EXPECT_NEAR(run(*build("{type: dpo, " + divergence + "}"), cases).loss, ln2, 1e-12);
  }
}

// Gradient descent on one pair's free log-ratios.
PairRatios descend(const LinkOptions& options, double rate, int steps) {
  PairRatios r;
  for (int k = 0; k < steps; ++k) {
    const PairLoss loss = pairwise_link(options, r);
    r.chosen -= rate * loss.chosen_slope;
    r.rejected -= rate * loss.rejected_slope;
  }
  return r;
}

TEST(KnownOptimum, StationaryPointsOfThePairwiseLosses) {
  const double e_margin = golden("known_optima.json")["stationary_at_0.1"]["margin"];
  const PairRatios ipo = descend({.link = Link::kIpoSum}, 0.1, 500);
  EXPECT_NEAR(ipo.chosen - ipo.rejected, 1 / (2 * 0.1), 1e-6);
  for (const Link link : {Link::kSigmoid, Link::kExoPair}) {
    const PairRatios r = descend({.link = link, .label_smoothing = 0.1}, 50, 20000);
    EXPECT_NEAR(0.1 * (r.chosen - r.rejected), e_margin, 1e-6) << link_names()[int(link)];
  }
  const PairRatios hinge = descend({.link = Link::kHinge}, 0.5, 2000);
  EXPECT_GE(hinge.chosen - hinge.rejected, 1 / 0.1 - 1e-9);
  EXPECT_EQ(pairwise_link({.link = Link::kHinge}, hinge).chosen_slope, 0);
  const PairRatios sppo = descend({.link = Link::kSppoHard}, 0.1, 500);
  EXPECT_NEAR(sppo.chosen, 5, 1e-6);
  EXPECT_NEAR(sppo.rejected, -5, 1e-6);
  const PairRatios nca = descend({.link = Link::kNcaPair}, 50, 20000);
  EXPECT_NEAR(0.1 * nca.chosen, std::log(2.0), 1e-6);
}

TEST(KnownOptimum, SigmoidAndRobustNeverStop) {
  const PairRatios far{.chosen = 200, .rejected = -200};
  EXPECT_LT(pairwise_link({.link = Link::kSigmoid}, far).chosen_slope, 0);
  const double robust =
      pairwise_link({.link = Link::kRobust, .label_smoothing = 0.1}, far).chosen_slope;
  EXPECT_NEAR(robust, -0.1 * 0.1 / 0.8, 1e-12);  // tends to -b e / (1 - 2 e)
  const PairRatios down = descend({.link = Link::kApoDown}, 50, 20000);
  EXPECT_LT(down.chosen, -10) << "apo_down lowers the chosen side";
}

// Exact gradient descent on the logits of the bandit: every ordered pair weighs its Bradley-Terry
// probability; the loss and its slopes come from the registered optimizer.
TEST(KnownOptimum, PopulationDpoOnTheBanditIsBoltzmann) {
  const nlohmann::json g = golden("known_optima.json")["bandit"];
  const double beta = g["beta"];
  const auto dpo = build("{type: dpo, beta: " + std::to_string(beta) + "}");
  std::vector<double> logits(4, 0.0);
  for (int step = 0; step < 8000; ++step) {
    const double norm = log_sum_exp(logits);
    std::vector<double> by_log_prob(4, 0.0);
    for (int w = 0; w < 4; ++w) {
      for (int l = 0; l < 4; ++l) {
        if (w == l) continue;
        const double weight =
            sigmoid(g["rewards"][w].get<double>() - g["rewards"][l].get<double>());
        const Outcome out = run(*dpo, {{{.log_prob = {logits[w] - norm},
                                         .reference = {std::log(0.25)},
                                         .mask = {1},
                                         .tokens = {w}},
                                        {.log_prob = {logits[l] - norm},
                                         .reference = {std::log(0.25)},
                                         .mask = {1},
                                         .tokens = {l}}}});
        by_log_prob[w] += weight * out.gradient[0] / 12;
        by_log_prob[l] += weight * out.gradient[1] / 12;
      }
    }
    double total = 0;
    for (double slope : by_log_prob) total += slope;
    for (int k = 0; k < 4; ++k) {
      logits[k] -= 4.0 * (by_log_prob[k] - std::exp(logits[k] - norm) * total);
    }
  }
  const double norm = log_sum_exp(logits);
  for (int k = 0; k < 4; ++k) {
    EXPECT_NEAR(std::exp(logits[k] - norm), g["boltzmann"][k].get<double>(), 1e-6);
  }
}

}  // namespace
}  // namespace tightrope::optimizer_test
