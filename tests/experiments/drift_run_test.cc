// SPDX-License-Identifier: Apache-2.0
// Drift processes in a real world: exact magnitudes on the concept world, and the log's view.
#include <gtest/gtest.h>

#include <cmath>

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

}  // namespace
}  // namespace tightrope
