// SPDX-License-Identifier: Apache-2.0
// Exact distances between two environments of one rule world, mechanism by mechanism
// (Budhathoki et al. 2021, ours for the numbers). Parents are drawn from the new environment:
//   kl = sum over the mechanism's variables x of E_{pa ~ new} KL(new(x | pa) || old(x | pa)),
//   hellinger = sqrt(1 - E_{pa ~ new} prod_x BC_x(pa)) with BC the Bhattacharyya coefficient: the
//     distance of the joint laws of parents and variables when this mechanism alone changes,
//   total_variation = largest over x of E_{pa ~ new} TV.
#pragma once

#include <vector>

#include "core/api/world.h"
#include "graph/rule_law.h"
#include "graph/rule_shape.h"

namespace tightrope {

// "prior" (u and g), "mechanism" (clinical attributes and the recording of z), "spurious", "visual"
// (channels), "lexical" (slots before the cap), in this order; kl of all is additive. Image
// integrals are numerical: kl and hellinger to 1e-9, total_variation to 1e-5.
std::vector<MechanismDistance> rule_distances(const RuleShape& shape, const RuleLaw& old_law,
                                              const RuleLaw& new_law);

}  // namespace tightrope
