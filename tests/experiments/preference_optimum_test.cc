// SPDX-License-Identifier: Apache-2.0
// The population optimum of preference losses: known solutions, a trained policy, and the law of
// alternatives against what experts draw.
#include "experiments/preference_optimum.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/math.h"
#include "experiments/evaluation.h"
#include "tests/experiments/metric_support.h"
#include "tests/experiments/tiny_lane.h"

namespace tightrope {
namespace {

// A proposal q(j | i) = g_j / (1 - g_i) makes log W_ij / W_ji a difference: the formula's case.
TEST(PairwiseOptimum, IsTheFormulaWhereOneExists) {
  const std::vector<double> p = {0.5, 0.3, 0.15, 0.05}, g = {0.1, 0.2, 0.3, 0.4};
  std::vector<double> weight(16, 0.0);
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 4; ++j) {
      if (i != j) weight[i * 4 + j] = p[i] * g[j] / (1 - g[i]);
    }
  }
  const std::vector<double> s = pairwise_optimum(weight, 4);
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 4; ++j) {
      if (i == j) continue;
      EXPECT_NEAR(s[i] - s[j], std::log(weight[i * 4 + j] / weight[j * 4 + i]), 1e-6);
    }
  }
}

// Elsewhere it is where the expected slopes cancel.
TEST(PairwiseOptimum, IsStationaryForAnyWeights) {
  Draws draws = Stream(5, Purpose::kExpert, 0).at(0);
  for (int trial = 0; trial < 50; ++trial) {
    const int n = 2 + static_cast<int>(draws.below(10));
    std::vector<double> weight(static_cast<std::size_t>(n) * n);
    for (double& w : weight) w = std::exp(6 * draws.normal());
    const std::vector<double> s = pairwise_optimum(weight, n);
    double total = 0;
    for (const double w : weight) total += w;
    for (int i = 0; i < n; ++i) {
      double slope = 0;
      for (int j = 0; j < n; ++j) {
        if (j == i) continue;
        slope +=
            weight[i * n + j] * sigmoid(s[j] - s[i]) - weight[j * n + i] * sigmoid(s[i] - s[j]);
      }
      EXPECT_NEAR(slope, 0, 1e-7 * total) << n;
    }
  }
}

// A pair of which one order alone is ever drawn has no finite optimum: the penalty bounds it.
TEST(PairwiseOptimum, OneSidedPairsStayFinite) {
  const std::vector<double> s = pairwise_optimum(std::vector<double>{0, 1, 0, 0}, 2);
  EXPECT_GT(s[0] - s[1], 10);
  EXPECT_LT(s[0] - s[1], 40);
}

// Frequencies of what experts draw for cases of diagnosis i at site u against alternative_law.
TEST(AlternativeLaw, IsWhatExpertsDraw) {
  for (const char* expert :
       {"random", "{type: concept_graph, propose: stratified}",
        "{type: answer_only, propose: prior}", "{type: concept_graph, propose: nearest}",
        "{type: concept_graph, propose: uniform}",
        "{type: mixture, experts: [random, {type: answer_only, propose: uniform}]}"}) {
    SCOPED_TRACE(expert);
    const Trained t = tiny_lane(1, {std::string("rft.expert=") + expert});
    const World& world = t.context->world();
    const auto environment = t.context->environment("source");
    const int diseases = world.vocabulary().diseases();
    Cases cases;
    environment->sample(Stream(8, Purpose::kData, 0), 0, 0, 20000, cases);
    const ExpertContext context{world, *environment, cases, {}};
    std::vector<double> drawn(static_cast<std::size_t>(world.sites()) * diseases * diseases);
    std::vector<double> count(static_cast<std::size_t>(world.sites()) * diseases);
    for (int n = 0; n < cases.size(); ++n) {
      const Pair pair =
          t.lane->stage().expert->propose(context, n, true, Stream(9, Purpose::kExpert, 0), 0);
      const int h = cases.site[n] * diseases + cases.disease[n];
      drawn[static_cast<std::size_t>(h) * diseases + pair.rejected_disease] += 1;
      count[h] += 1;
    }
    for (int u = 0; u < world.sites(); ++u) {
      for (int i = 0; i < diseases; ++i) {
        const std::vector<double> law = t.lane->stage().expert->alternative_law(context, u, i);
        ASSERT_EQ(static_cast<int>(law.size()), diseases);
        const double many = count[u * diseases + i];
        for (int j = 0; many > 200 && j < diseases; ++j) {
          const double share =
              drawn[static_cast<std::size_t>(u * diseases + i) * diseases + j] / many;
          EXPECT_NEAR(share, law[j], 5 * std::sqrt(law[j] * (1 - law[j]) / many) + 0.003);
        }
      }
    }
  }
}

TEST(AlternativeLaw, IsEmptyWhereMoreThanTheCaseDecides) {
  for (const char* expert :
       {"self", "perception", "{type: concept_graph, propose: confusion}",
        "{type: answer_only, propose: estimated}", "{type: mixture, experts: [random, self]}"}) {
    const Trained t = tiny_lane(1, {std::string("rft.expert=") + expert});
    Cases cases;
    const auto environment = t.context->environment("source");
    environment->sample(Stream(8, Purpose::kData, 0), 0, 0, 4, cases);
    const ExpertContext context{t.context->world(), *environment, cases, {}};
    EXPECT_TRUE(t.lane->stage().expert->alternative_law(context, 0, 0).empty()) << expert;
  }
}

// A tabular policy on a bandit is trained to where the optimum says, from a uniform reference.
TEST(PopulationOptimum, IsWhereTrainingLeads) {
  const std::atomic<bool> go_on{false};
  const std::vector<double> p = {0.5, 0.3, 0.2};
  const Trained t =
      start(bandit({"world={type: bandit, rewards: [[1, 0, 0]], behaviour: [[0.5, 0.3, 0.2]]}",
                    "rl.optimizer={type: dpo, beta: 0.5}", "rl.reward=null",
                    "rl.expert={type: answer_only, propose: uniform}"}),
            0);
  t.lane->advance(t.lane->stage().steps, go_on);
  ASSERT_LT(t.lane->frozen().step, 0);
  const std::vector<double> law = law_of(*t.lane);
  Cases cases;
  const auto environment = t.context->environment("source");
  environment->sample(Stream(8, Purpose::kData, 0), 0, 0, 1, cases);
  const std::vector<double> optimum =
      population_optimum(*t.lane->stage().optimizer, t.lane->stage().expert.get(),
                         t.context->world(), *environment, cases);
  ASSERT_EQ(optimum.size(), 3U);
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      // The optimum's reference is P, the lane's is uniform: take log P off.
      const double predicted = optimum[i] - optimum[j] - (std::log(p[i]) - std::log(p[j]));
      EXPECT_NEAR(std::log(law[i] / law[j]), predicted, 0.12) << i << " " << j;
    }
  }
}

double value_of(const std::string& name, const EvaluationView& view) {
  Problems problems;
  const auto metric = Registry<Metric>::get().build(Node::scalar(name), name, problems);
  std::vector<double> value(view.cases.size()), weight(value);
  metric->per_case(view, value, weight);
  std::vector<int> all(value.size());
  for (std::size_t n = 0; n < all.size(); ++n) all[n] = static_cast<int>(n);
  return metric->aggregate(view, all, value, weight);
}

// At the oracle's own law of the image the prediction is the oracle's; unknown, it is no number.
TEST(OptimumMetrics, ReadTheOptimumAlone) {
  const metric_test::Fixture f;
  EvaluationView view = f.view();
  EXPECT_EQ(value_of("optimum_accuracy", view), value_of("oracle_accuracy", view));
  EXPECT_NEAR(value_of("optimum_kl", view), 0, 1e-12);
  view.optimum = {};
  EXPECT_TRUE(std::isnan(value_of("optimum_accuracy", view)));
  EXPECT_TRUE(std::isnan(value_of("optimum_kl", view)));
}

// What an evaluation reports is the optimum of the stage it evaluates, in the environment that the
// stage trains in; without one law there is no number.
TEST(OptimumMetrics, AreOfTheStageThatIsEvaluated) {
  const auto report = [](std::size_t stage, std::vector<std::string> sets) {
    sets.push_back("evaluate={cases: 200, metrics: [optimum_accuracy, optimum_kl]}");
    sets.push_back("world={type: concept, graph: toy, sites: 2, confounding: 3}");
    const Trained t = tiny_lane(stage, sets);
    std::map<std::string, double> out;
    const auto metrics = metrics_of(t.lane->experiment().evaluate);
    const auto values = evaluate({*t.context,
                                  1,
                                  t.lane->policy(),
                                  t.lane->parameters(),
                                  true,
                                  {},
                                  Stream(),
                                  0,
                                  {},
                                  &t.lane->stage()},
                                 metrics, t.lane->workspace());
    const std::size_t width = values.size() / metrics.size();
    for (std::size_t m = 0; m < metrics.size(); ++m) out[metrics[m].name] = values[m * width];
    return out;
  };
  // Environment 1 is the target: a stage on its own law has the oracle there, one on the source
  // not.
  auto own = report(0, {"sft.data={cases: 64, environment: target}"});
  EXPECT_NEAR(own["optimum_kl"], 0, 1e-9);
  EXPECT_EQ(own["optimum_accuracy"], own["oracle_accuracy"]);
  auto source = report(0, {});
  EXPECT_GT(source["optimum_kl"], 1e-4);
  auto tight = report(1, {"rft.optimizer={type: dpo, beta: 1000}"});
  EXPECT_NEAR(tight["optimum_kl"], source["optimum_kl"], 1e-2) << "the reference is the source's";
  auto loose = report(1, {"rft.optimizer={type: dpo, beta: 0.1}"});
  EXPECT_GT(loose["optimum_kl"], source["optimum_kl"] + 0.1);
  for (const char* data : {"{kind: stream, environment: now}",
                           "{cases: 64, environment: source, mixed_with: target}"}) {
    EXPECT_TRUE(std::isnan(report(0, {std::string("sft.data=") + data})["optimum_kl"])) << data;
  }
  EXPECT_TRUE(std::isnan(report(1, {"rft.optimizer={type: ipo}"})["optimum_kl"]));
}

}  // namespace
}  // namespace tightrope
