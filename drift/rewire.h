// SPDX-License-Identifier: Apache-2.0
// Mechanism drift: edges of theta, P(attribute | disease, ...), are rewired.
#pragma once

#include <vector>

#include "core/api/world_params.h"
#include "core/random/stream.h"

namespace tightrope {

// Per disease (in a rule world: per category), every associated attribute swaps its probability
// (over all other axes) with an irrelevant attribute of its own with probability `fraction` in [0,
// 1], as long as irrelevant ones are left. Read off the numbers of a disease: associated = above
// the middle of the smallest and the largest; irrelevant = not above it, and at least half the
// median of those (so that attributes the disease excludes stay excluded). The multiset of a
// disease's probabilities does not change. Draws from stream.child(hash of the table's name).at(0,
// disease): for a larger fraction a superset of the edges moves. Throws InputError unless the table
// has the axes "disease" and "attribute".
std::vector<double> rewired(const Table& table, double fraction, const Stream& stream);

}  // namespace tightrope
