// SPDX-License-Identifier: Apache-2.0
// What of a rule world never drifts: its categories and their deciding findings.
#pragma once

#include <array>
#include <vector>

#include "core/api/vocabulary.h"
#include "graph/concept_graph.h"
#include "graph/concept_tables.h"

namespace tightrope {

struct RuleShape {
  ConceptStructure structure;
  std::vector<std::array<int, 2>> member;    // [G] diseases, {z, -1} for a single
  std::vector<std::array<int, 2>> deciding;  // [G] attributes of h_0, h_1, {-1, -1} for a single
  std::vector<int> category_of;              // [Z]
  int categories() const { return static_cast<int>(member.size()); }
};

// Pairs first (most entangled first), then the other diseases in the graph's order. Throws
// InputError when a pair has fewer than two discriminating attributes.
RuleShape make_rule_shape(const ConceptParams& params, const ConceptGraph& graph);

// Category names: the members' names joined by "_or_", or the disease's name.
Names rule_names(const RuleShape& shape);

}  // namespace tightrope
