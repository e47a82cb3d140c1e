// SPDX-License-Identifier: Apache-2.0
// Pictures of a concept graph as text.
#pragma once

#include <string>

#include "graph/concept_graph.h"

namespace tightrope {

// Graphviz DOT: diseases as boxes, attributes as ellipses clustered by category, associations as
// solid edges, exclusions as dashed ones with a bar; tooltips hold the reasons.
std::string graph_dot(const ConceptGraph& graph);

// SVG 1.1: a matrix, one row per attribute grouped by category, one column per disease. A filled
// square is an association, an outlined one with a bar an exclusion, an empty cell irrelevance; the
// title of a cell holds its reason. Self-contained: no fonts, scripts or links.
std::string graph_svg(const ConceptGraph& graph);

}  // namespace tightrope
