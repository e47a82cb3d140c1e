// SPDX-License-Identifier: Apache-2.0
// One lane of a stage of tiny.yaml, reference and start being the policy's first parameters.
#pragma once

#include "tests/experiments/bandit_lane.h"

namespace tightrope {

inline Trained tiny_lane(std::size_t stage, std::vector<std::string> sets) {
  for (const char* set : {"sweep=null", "tables=[]", "claims=[]"}) sets.push_back(set);
  const auto experiment =
      check_file(load_experiment_tree(engine_test::kTiny, sets)).plan.experiment(0);
  Trained out;
  out.context = std::make_shared<WorldContext>(*experiment, 0);
  const auto policy = make_policy(*experiment, out.context->world());
  std::vector<float> first(policy->parameter_count(), 0.0F);
  policy->initialise(lane_stream(*experiment, Purpose::kInitial, 0), first);
  out.lane = std::make_unique<Lane>(experiment, stage, 0, out.context, policy, first, first);
  return out;
}

}  // namespace tightrope
