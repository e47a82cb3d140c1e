// SPDX-License-Identifier: Apache-2.0
// How far two laws are apart, and how far to go for a given distance.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/api/world.h"

namespace tightrope {

// The choices of a `distance` or `measure` field: kl, hellinger, total_variation.
const std::vector<std::string>& distance_names();

// The distance of a whole law out of World::distances: the sum over mechanisms for kl (exact), the
// largest for the other two; or, when `mechanism` is not empty, that row's. Throws InputError when
// the world has no such mechanism.
double whole_distance(const std::vector<MechanismDistance>& rows, const std::string& distance,
                      const std::string& mechanism = "");

// A weight w in [0, 1] with |distance(w) - wanted| <= tolerance, by bisection; `distance` is
// continuous with distance(0) < wanted <= distance(1). Nothing when 200 halvings do not find one.
std::optional<double> weight_at_distance(const std::function<double(double)>& distance,
                                         double wanted, double tolerance);

}  // namespace tightrope
