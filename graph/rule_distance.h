// SPDX-License-Identifier: Apache-2.0
// Exact distances between two environments of one rule world, mechanism by mechanism: those of
// graph/generative_distance.h with the category g in the place of the disease, and the recording of
// z (flip, given a pair) as one more variable of "mechanism".
#pragma once

#include <vector>

#include "core/api/world.h"
#include "graph/rule_law.h"
#include "graph/rule_shape.h"

namespace tightrope {

// "prior" (u and g), "mechanism", "spurious", "visual", "lexical"; kl sums to the KL of whole
// cases.
std::vector<MechanismDistance> rule_distances(const RuleShape& shape, const RuleLaw& old_law,
                                              const RuleLaw& new_law);

}  // namespace tightrope
