// SPDX-License-Identifier: Apache-2.0
// What every registered metric must do, over whatever is registered.
#include <gtest/gtest.h>

#include "tests/experiments/metric_support.h"

namespace tightrope {
namespace {

using metric_test::Fixture;

struct Cells {
  std::vector<double> value, weight;
  bool operator==(const Cells&) const = default;
};

Cells cells(const Metric& metric, const Fixture& f) {
  const double poison = std::numeric_limits<double>::quiet_NaN();
  Cells out{std::vector<double>(f.count(), poison), std::vector<double>(f.count(), poison)};
  metric.per_case(f.view(), out.value, out.weight);
  return out;
}

// Changes everything that is the policy's of case n.
void disturb(Fixture& f, int n) {
  const int diseases = f.policy.diseases;
  for (Sample* sample : {&f.thought[n], &f.direct[n]}) {
    sample->disease = (sample->disease + 1) % diseases;
    sample->trajectory.tokens.clear();
  }
  f.answer_factual[n] = (f.answer_factual[n] + 1) % diseases;
  f.answer_swapped[n] = (f.answer_swapped[n] + 2) % diseases;
  const TokenBatch& batch = f.set().factual;
  for (int row = batch.offset[n]; row < batch.offset[n + 1]; ++row) {
    const auto width = f.policy.vocabulary;
    std::fill_n(f.policy.log_prob.begin() + row * width, width, -std::log(width));
    std::fill_n(f.policy.belief.begin() + row * diseases, diseases, -std::log(diseases));
  }
}

TEST(MetricConformance, CellsAreWholeFiniteAndOfTheirOwnCaseAlone) {
  const std::vector<std::string> worlds = {
      "world={type: concept, graph: toy, sites: 2, confounding: 1}",
      "world={type: concept, graph: toy, diagnosis: rule}",
      "world={type: concept, graph: synthetic, max_mentions: 3}"};
  const std::vector<std::string> names = Registry<Metric>::get().names();
  ASSERT_GE(names.size(), 12U);
  for (const std::string& world : worlds) {
    const Fixture plain({world});
    for (const std::string& name : names) {
      SCOPED_TRACE(name + " in " + world);
      Problems problems;
      const auto metric = Registry<Metric>::get().build(Node::scalar(name), name, problems);
      ASSERT_TRUE(problems.empty());
      EXPECT_FALSE(metric->unit().empty());
      const Cells before = cells(*metric, plain);
      double total = 0;
      for (int n = 0; n < plain.count(); ++n) {
        ASSERT_TRUE(std::isfinite(before.value[n])) << n;
        ASSERT_GE(before.weight[n], 0) << n;
        total += before.weight[n];
      }
      EXPECT_GT(total, 0);
      EXPECT_EQ(cells(*metric, plain), before);
      for (const int n : {0, 7, plain.count() - 1}) {
        Fixture other({world});
        disturb(other, n);
        Cells after = cells(*metric, other);
        after.value[n] = before.value[n];
        after.weight[n] = before.weight[n];
        EXPECT_EQ(after, before) << n;
      }
    }
  }
}

}  // namespace
}  // namespace tightrope
