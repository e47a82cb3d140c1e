// SPDX-License-Identifier: Apache-2.0
// What is wrong with a plan though every part of its file reads well: asked before anything runs.
// Problems go to `problems`, with the place in the file that they concern.
#pragma once

#include <string>

#include "core/config/problems.h"
#include "experiments/plan.h"

namespace tightrope {

// What only a world can know (a factor it lacks, a policy that does not fit or does not run on the
// device, probes it has none of): asked once for every combination of world, drift, policy and
// record in the sweep.
void check_worlds(const Plan& plan, const std::string& device, Problems& problems);

// What a stage asks of its policy; a pack's segments ask for the same.
void check_stages(const Plan& plan, Problems& problems);

// Groups are made of the world's diseases and named unlike the subsets that are always there.
void check_groups(const Experiment& experiment, const World& world, const Node& tree,
                  Problems& problems);

}  // namespace tightrope
