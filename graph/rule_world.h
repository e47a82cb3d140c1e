// SPDX-License-Identifier: Apache-2.0
// The world of `diagnosis: rule`: the report's findings decide between the members of a pair.
#pragma once

#include <memory>

#include "core/api/world.h"
#include "core/random/stream.h"
#include "graph/concept_graph.h"
#include "graph/concept_params.h"

namespace tightrope {

// Categories are the graph's entangled pairs (most entangled first) and then the other diseases as
// singles. Spurious attributes are added to `graph` unless it has some.
//
// Deciding findings of a pair (i, j), j the second member: of the attributes associated with j
// alone (h_0) and with i alone (h_1) the most informative one: excluded by the other member before
// irrelevant to it, then associated with the fewest other diseases, then canonical order; where a
// member has none of its own, the other member's two best. They have probability `deciding` in
// their own category. Every other entry of theta is the mean over the category's members of
// association, exclusion or base.
//
// Tables: omega [site], prior [disease], confounding [], link [site, category],
// theta [category, attribute], theta_spurious [site, attribute_spurious], signal, shift, noise,
// polarity [channel], mention_present, mention_absent [attribute], synonym [site, attribute],
// flip []; names, factors and meaning are those of the generative law.
//   P(g | u) ~ (sum of prior over the members of g) exp(confounding link[u, g])
// so that a uniform `prior` is uniform over diseases (a pair has twice the mass of a single); how a
// pair's mass is split is the rule's affair. Random by `stream` (kWorld): ranks of the long tail
// and links; with base_jitter also theta. Throws InputError when a pair has no two discriminating
// attributes.
std::shared_ptr<const World> make_rule_world(const ConceptParams& params, const ConceptGraph& graph,
                                             const Stream& stream);

}  // namespace tightrope
