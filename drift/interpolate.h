// SPDX-License-Identifier: Apache-2.0
// Between two lawful states of a table; every intermediate state is lawful too.
#pragma once

#include <vector>

#include "core/api/world_params.h"

namespace tightrope {

// The straight line between two tables, or the line in the natural coordinate of the constraint:
//   kSimplex      (1 - w) a + w b      rows keep their sum; the same in both spaces
//   kProbability  logit-linear         where an end is 0 or 1: linear
//   kPositive     geometric            a^(1 - w) b^w
//   kNonNegative, kReal  linear
enum class Space { kLinear, kNatural };

// The state at weight w in [0, 1] from table.values to `target` (same length). Exactly the old
// values at 0 and exactly the target at 1.
std::vector<double> interpolate(const Table& table, const std::vector<double>& target, double w,
                                Space space);

// The same for every table of two worlds of one structure; tables that agree stay as they are.
WorldParams between(const WorldParams& from, const WorldParams& to, double w, Space space);

}  // namespace tightrope
