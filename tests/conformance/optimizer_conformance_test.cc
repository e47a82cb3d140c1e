// SPDX-License-Identifier: Apache-2.0
// What every registered optimizer must do, whichever it is.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/api/rollout.h"
#include "core/random/stream.h"
#include "tests/optimizers/batch.h"

namespace tightrope::optimizer_test {
namespace {

class OptimizerConformance : public ::testing::TestWithParam<std::string> {
 protected:
  std::shared_ptr<const Optimizer> make() const { return build("{type: " + GetParam() + "}"); }

  // Five cases of the kind the optimizer takes; the first token of a trajectory is never scored.
  CaseList cases() const {
    const auto optimizer = make();
    const int per_case = optimizer->trajectories() == TrajectoryKind::kPair
                             ? 1 + optimizer->negatives()
                         : optimizer->rollout() != nullptr ? optimizer->rollout()->plan().samples
                                                           : 1;
    CaseList out;
    Draws draws = Stream(11, Purpose::kStatistics, 1).at(0);
    for (int n = 0; n < 5; ++n) {
      std::vector<Sequence>& sequences = out.emplace_back();
      for (int side = 0; side < per_case; ++side) {
        Sequence s;
        const int length = 2 + static_cast<int>(draws.below(4));
        for (int t = 0; t < length; ++t) {
          s.log_prob.push_back(-0.1 - 2 * draws.uniform());
          s.reference.push_back(-0.1 - 2 * draws.uniform());
          s.mask.push_back(t == 0 ? 0 : 1);
          s.tokens.push_back(t == 0 ? 0 : 10 * side + t);
        }
        sequences.push_back(s);
      }
    }
    return out;
  }
};

TEST_P(OptimizerConformance, NamesItsMetricsLossFirst) {
  const auto optimizer = make();
  const Outcome out = run(*optimizer, cases());
  ASSERT_FALSE(optimizer->metrics().empty());
  EXPECT_EQ(optimizer->metrics().front(), "loss");
  const std::vector<std::string> names = optimizer->metrics();
  for (const auto& [name, sum] : out.metrics) {
    EXPECT_TRUE(std::find(names.begin(), names.end(), name) != names.end()) << name;
  }
  if (optimizer->rollout() == nullptr) {
    EXPECT_EQ(out.metrics.size(), names.size());
  }
  for (const std::string& name : names) {
    // A rule for rollouts has metrics of the rollout and of terms that are off, too.
    if (optimizer->rollout() != nullptr && out.metrics.count(name) == 0) continue;
    ASSERT_EQ(out.metrics.count(name), 1u) << name;
    EXPECT_TRUE(std::isfinite(out.metrics.at(name).mean())) << name;
  }
  EXPECT_EQ(out.metrics.at("loss").count, 1);
}

TEST_P(OptimizerConformance, GradientIsThatOfTheLoss) {
  const auto optimizer = make();
  Flat flat(cases());
  const Outcome out = flat.run(*optimizer);
  for (std::size_t i = 0; i < flat.log_prob.size(); ++i) {
    const double kept = flat.log_prob[i];
    flat.log_prob[i] = kept + 1e-5;
    const double above = flat.run(*optimizer).loss;
    flat.log_prob[i] = kept - 1e-5;
    const double below = flat.run(*optimizer).loss;
    flat.log_prob[i] = kept;
    EXPECT_NEAR(out.gradient[i], (above - below) / 2e-5, 1e-7) << i;
    if (flat.mask[i] == 0) {
      EXPECT_EQ(out.gradient[i], 0.0) << i;
    }
  }
}

TEST_P(OptimizerConformance, SplittingTheBatchChangesNothing) {
  const auto optimizer = make();
  const Flat flat(cases());
  const Outcome whole = flat.run(*optimizer);
  for (const std::vector<int>& cuts :
       {std::vector<int>{1, 1, 1, 1, 1}, std::vector<int>{2, 3}, std::vector<int>{4, 1}}) {
    const Outcome split = flat.run(*optimizer, cuts);
    EXPECT_NEAR(split.loss, whole.loss, 1e-12);
    EXPECT_EQ(split.metrics.at("loss").count, 1);
    for (std::size_t i = 0; i < whole.gradient.size(); ++i) {
      EXPECT_NEAR(split.gradient[i], whole.gradient[i], 1e-12);
    }
    for (const auto& [name, sum] : whole.metrics) {
      EXPECT_NEAR(split.metrics.at(name).mean(), sum.mean(), 1e-12) << name;
    }
  }
}

TEST_P(OptimizerConformance, AddsToTheGradientThatIsThere) {
  const auto optimizer = make();
  const Flat flat(cases());
  const Outcome out = flat.run(*optimizer);
  std::vector<double> gradient(out.gradient.size(), 1.0);
  MetricSums metrics;
  std::vector<double> by_entropy = gradient, by_value = gradient;
  optimizer->loss(flat.group(0, 5), flat.totals, {gradient, by_entropy, by_value}, metrics);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    EXPECT_NEAR(gradient[i], 1.0 + out.gradient[i], 1e-15);
  }
}

TEST_P(OptimizerConformance, NeverReadsUnscoredTokens) {
  CaseList poisoned = cases();
  for (auto& sequences : poisoned) {
    for (Sequence& s : sequences) s.log_prob[0] = s.reference[0] = kNaN;
  }
  const Outcome clean = run(*make(), cases()), out = run(*make(), poisoned);
  EXPECT_EQ(out.loss, clean.loss);
  EXPECT_EQ(out.gradient, clean.gradient);
}

TEST_P(OptimizerConformance, ResolvedOptionsBuildTheSame) {
  Problems problems;
  const Node node = parse_yaml("{type: " + GetParam() + "}", "test");
  const Node resolved = Registry<Optimizer>::get().resolve(node, "", problems);
  const auto again =
      Registry<Optimizer>::get().build(parse_yaml(to_yaml(resolved), "resolved"), "", problems);
  problems.throw_if_any();
  EXPECT_EQ(run(*again, cases()).gradient, run(*make(), cases()).gradient);
}

INSTANTIATE_TEST_SUITE_P(Registered, OptimizerConformance,
                         ::testing::ValuesIn(Registry<Optimizer>::get().names()),
                         [](const auto& test) { return test.param; });

TEST(OptimizerNames, NoneWasLostByTheLinker) {
  const std::vector<std::string> names = Registry<Optimizer>::get().names();
  for (const char* name :
       {"apo", "contrastive_po", "cpo", "cpo_pp", "dpo", "exact_gradient", "grpo", "kto",
        "online_dpo", "orpo", "ppo", "reinforce", "rloo", "sft", "simpo"}) {
    EXPECT_TRUE(std::find(names.begin(), names.end(), name) != names.end()) << name;
  }
}

}  // namespace
}  // namespace tightrope::optimizer_test
