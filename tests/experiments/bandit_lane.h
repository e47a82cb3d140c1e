// SPDX-License-Identifier: Apache-2.0
// One lane of a rollout stage on the bandit, for tests of what it learns.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "experiments/lane.h"
#include "experiments/runner.h"
#include "experiments/stage_policy.h"
#include "experiments/streams.h"
#include "tests/experiments/engine_support.h"

namespace tightrope {

inline const std::string kBanditFile =
    std::string(TIGHTROPE_SOURCE_DIR) + "/tests/experiments/bandit_ppo.yaml";

inline std::shared_ptr<const Experiment> bandit(const std::vector<std::string>& sets = {}) {
  const Node tree = load_experiment_tree(kBanditFile, sets);
  return check_file(tree).plan.experiment(0);
}

struct Trained {
  std::unique_ptr<Lane> lane;
  std::shared_ptr<WorldContext> context;
};

inline Trained start(const std::shared_ptr<const Experiment>& experiment, std::int64_t seed) {
  Trained out;
  out.context = std::make_shared<WorldContext>(*experiment, seed);
  const auto policy = make_policy(*experiment, out.context->world());
  std::vector<float> first(policy->parameter_count(), 0.0F);
  policy->initialise(lane_stream(*experiment, Purpose::kInitial, seed), first);
  out.lane = std::make_unique<Lane>(experiment, 0, seed, out.context, policy, first, first);
  return out;
}

inline std::vector<double> law_of(Lane& lane) {
  TokenBatch batch;
  batch.clear(1);
  batch.add_case(std::vector<float>{1.0F});
  const Vocabulary& v = lane.context().world().vocabulary();
  batch.add({{Vocabulary::think(), v.end_think()}, {0, 1}});
  Distributions out;
  lane.policy().distribution(lane.parameters(), batch, out, lane.workspace());
  std::vector<double> law;
  for (int z = 0; z < out.diseases; ++z) law.push_back(std::exp(out.belief[out.diseases + z]));
  return law;
}

// The scalar `name` of step `step` of the lane's pending rows.
inline double scalar_of(const Lane& lane, const std::string& name, std::size_t step) {
  const std::vector<std::string> names = lane.scalar_names();
  const auto column = std::find(names.begin(), names.end(), name) - names.begin();
  return lane.pending()[step * names.size() + static_cast<std::size_t>(column)];
}

}  // namespace tightrope
