// SPDX-License-Identifier: Apache-2.0
// Exact distances between two environments of the generative law, mechanism by mechanism:
//   prior      (u, z) together
//   mechanism  clinical attributes given z
//   spurious   spurious attributes given u
//   visual     channels given attributes
//   lexical    slots given attributes (report_from: image: given the channel) and u; slot k counts
//   with
//              the exact probability that max_mentions was not reached before it
// With D = P_new(parents) new(. | parents) against P_new(parents) old(. | parents): kl = KL(D), so
// that the five sum to KL(new || old) of a whole case; hellinger = sqrt(1 - overlap) of D. Source:
// Budhathoki et al. 2021 for the split; the closed forms are ours.
#pragma once

#include <span>
#include <vector>

#include "core/api/world.h"
#include "graph/generative_law.h"

namespace tightrope {

// spurious [K]: -1 for a clinical attribute. Both laws have the same sizes.
std::vector<MechanismDistance> generative_distances(const GenerativeLaw& old_law,
                                                    const GenerativeLaw& new_law,
                                                    std::span<const int> spurious);

}  // namespace tightrope
