// SPDX-License-Identifier: Apache-2.0
// What stages ask of their policy: the device, a value head, and which of its parameters they
// train.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/api/policy.h"
#include "core/api/world.h"
#include "experiments/experiment.h"

namespace tightrope {

// The experiment's policy for a world. Throws InputError when it does not fit the world or does not
// run on the device.
std::shared_ptr<const Policy> make_policy(const Experiment& experiment, const World& world,
                                          const std::string& device = "cpu");

// What a stage asks for and the policy or the world lacks: an adapter, a choice of what to train, a
// value head, trajectories that are few enough to enumerate. Each problem as a path below the stage
// ("train") and a text.
struct StageProblem {
  std::string path;
  std::string text;
};
std::vector<StageProblem> stage_problems(const Stage& stage, const Policy& policy,
                                         const World& world);

// The policy's layout with the views marked that the stage trains: `base` leaves adapters alone,
// `adapters` trains them and the value head, `all` everything.
std::vector<ParameterView> trained_layout(const Stage& stage, const Policy& policy);

// Zeros the gradient of what is not trained, so that its norm is that of the rest.
void clear_frozen_views(const std::vector<ParameterView>& layout, std::span<float> gradient);

}  // namespace tightrope
