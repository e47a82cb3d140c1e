// SPDX-License-Identifier: Apache-2.0
// Drift processes in a real world: exact magnitudes on the concept world, and the log's view.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/log/reader.h"
#include "experiments/runner.h"
#include "experiments/world_context.h"
#include "tests/experiments/engine_support.h"

namespace tightrope {
namespace {

std::shared_ptr<WorldContext> context(const std::string& drift, std::int64_t seed = 0,
                                      const std::string& world = "{type: concept, graph: cxr}") {
  const auto file = check_file(load_experiment_tree(
      engine_test::kTiny, {"drift=" + drift, "world=" + world, "sweep=null", "claims=[]"}));
  const auto experiment = file.plan.experiment(0);
  return std::make_shared<WorldContext>(*experiment, seed);
}

// What the log stores of the end is the magnitude that was asked for.
TEST(DriftRun, MagnitudesAreExactInTheConceptWorld) {
  struct Row {
    const char* drift;
    const char* mechanism;
  };
  for (const Row& row : {
           Row{"{type: magnitude_targeted, factor: prior, to: uniform, magnitude: 0.002}", "prior"},
           Row{"{type: magnitude_targeted, factor: confounding, to: 0, magnitude: 0.2}", "prior"},
           Row{"{type: magnitude_targeted, factor: mechanism, to: {rewired: 0.5}, magnitude: 0.3}",
               "mechanism"},
           Row{"{type: magnitude_targeted, factor: lexical, to: reversed, magnitude: 0.4}",
               "lexical"},
       }) {
    for (const char* world :
         {"{type: concept, graph: cxr}", "{type: concept, graph: cxr, diagnosis: rule}"}) {
      const auto made = context(std::string("[") + row.drift + "]", 3, world);
      double total = 0, own = 0;
      for (const MechanismDistance& d : made->drift_distances(120)) {
        total += d.kl;
        if (d.mechanism == row.mechanism) own = d.kl;
      }
      const std::string text = row.drift;
      const double wanted = std::stod(text.substr(text.find("magnitude: ") + 11));
      EXPECT_NEAR(total, wanted, 1e-6) << row.drift << world;
      EXPECT_NEAR(own, wanted, 1e-6) << "only its mechanism moved";
    }
  }
}

TEST(DriftRun, RandomPathsDifferBySeedAndRepeat) {
  const std::string drift =
      "[{type: random_walk, factor: prior, step: 0.1}, {type: markov_switching, factor: "
      "confounding, to: 0, stay_old: 10, stay_new: 10}]";
  const auto a = context(drift, 0), again = context(drift, 0), b = context(drift, 1);
  EXPECT_EQ(largest_change(a->params_at(77), again->params_at(77), "prior"), 0);
  const auto path = [](WorldContext& c) {
    std::vector<std::int64_t> times;
    for (const DriftEvent& e : c.events()) {
      if (e.process == "markov_switching") times.push_back(e.time);
    }
    return times;
  };
  EXPECT_EQ(path(*a), path(*again));
  EXPECT_NE(path(*a), path(*b)) << "the path has a seed";
  EXPECT_GT(path(*a).size(), 3U);
  for (const std::int64_t time : path(*a)) {
    EXPECT_GT(largest_change(a->params_at(time - 1), a->params_at(time), "confounding"), 0.1);
  }
}

// A law that comes and goes three times has spent six times the way, and stands where it began.
TEST(DriftRun, TheLogKnowsTheVariationBudget) {
  const log_test::TemporaryFolder folder;
  const std::string out = folder / "run";
  const auto said = engine_test::engine(
      {"run", engine_test::kTiny, "--out", out, "--set", "seeds=[0]", "--set", "claims=[]", "--set",
       "drift=[{type: recurring, factor: prior, to: uniform, start: 10, length: 10, gap: 10, "
       "repeats: 3}]",
       "--quiet"});
  ASSERT_EQ(said.code, 0) << said.err;
  const LogReader log = LogReader::open(out + "/packs/pack_0000.h5");
  const auto way = log.read<double>("drift/hellinger");  // [segment, stream_time, mechanism]
  const auto budget = log.read<double>("drift/budget_hellinger");
  ASSERT_EQ(way.values.size(), budget.values.size());
  const std::size_t mechanisms = way.shape[2], times = way.shape[1];
  const double there = way.values[1 * mechanisms];  // step 10, the prior
  EXPECT_GT(there, 1e-3);
  for (std::size_t t = 0; t < times; ++t) {
    const double moves = static_cast<double>(std::min<std::size_t>(t, 6));
    EXPECT_NEAR(budget.values[t * mechanisms], moves * there, 1e-12) << t;
    EXPECT_NEAR(way.values[t * mechanisms], t % 2 == 1 && t < 6 ? there : 0, 1e-12) << t;
    EXPECT_EQ(budget.values[t * mechanisms + 1], 0) << "mechanisms that stand still spend nothing";
  }
}

}  // namespace
}  // namespace tightrope
