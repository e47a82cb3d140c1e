// SPDX-License-Identifier: Apache-2.0
// What only an expert at work can know, asked before anything runs.
#pragma once

#include "core/config/problems.h"
#include "experiments/plan.h"

namespace tightrope {

// Draws a few cases of every stage that learns from an expert's proposals, once for every
// combination of world, policy and expert, and lets the policy read what is proposed: a world
// without what the expert needs, more negatives than it has, chains that the policy cannot write.
void check_experts(const Plan& plan, Problems& problems);

}  // namespace tightrope
