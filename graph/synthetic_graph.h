// SPDX-License-Identifier: Apache-2.0
// The prototype's synthetic concept graph: 12 diseases, 32 clinical attributes, all of it regular.
#pragma once

#include "core/random/stream.h"
#include "graph/concept_graph.h"

namespace tightrope {

// Diseases 0..7 are four entangled pairs (2p, 2p + 1): two shared and two own discriminating
// attributes each, besides one further association and three exclusions that a pair has in common.
// Diseases 8..11 are singles: two own attributes, two further associations, three exclusions.
// Further edges fall on attributes that discriminate no pair and never give two singles two
// associations in common. `spurious` attributes of category kSpuriousCategory have no edges. All
// attributes are permuted together; permutation and further edges come from `draws`, so does the
// canonical order. Names tell the place (finding_07), labels the role ("pair 0, shared 1").
// Source: the prototype (ours).
ConceptGraph synthetic_graph(int spurious, Draws draws);

}  // namespace tightrope
