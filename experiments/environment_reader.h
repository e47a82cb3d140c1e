// SPDX-License-Identifier: Apache-2.0
// Reads `environments:`
//
//   {source: {at: 0}, target: {at: end, subsets: true}, texts: {at: end, only: [lexical]}}
//
// `only`: these mechanisms (core/api/world_params.h) stand as at that time, the others as at time
// 0. `subsets: true`: beside the environment itself one for every proper subset of the mechanisms
// that the drift processes move, NAME[prior], NAME[prior+lexical], ... in the order of the
// processes; the empty one is an environment at time 0 where there is one, else NAME[none].
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "experiments/experiment.h"

namespace tightrope {

// The environments in the order of the file, then the subsets. `resolved` gets the node itself, or,
// where there are subsets, the same with each written out.
std::vector<NamedEnvironment> read_environments(
    const Node& node, const std::vector<std::shared_ptr<const DriftProcess>>& drift,
    Problems& problems, Node& resolved);

// Adds a problem for every environment after the last step.
void check_times(const std::vector<NamedEnvironment>& environments, std::int64_t horizon,
                 const Mark& mark, Problems& problems);

}  // namespace tightrope
