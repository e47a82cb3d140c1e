// SPDX-License-Identifier: Apache-2.0
// Alternative reports of a case under the generative law: ConceptEnvironment::edit and structural.
#pragma once

#include "core/api/cases.h"
#include "core/random/stream.h"
#include "graph/concept_environment.h"
#include "graph/concept_graph.h"
#include "graph/generative_sampler.h"

namespace tightrope {

// The graph rule: see ConceptEnvironment::edit. A finding that is added and was already reported as
// present keeps its synonym. Draws one number for every attribute that is added.
AlternativeReport edit_report(const GenerativeLaw& law, const ConceptGraph& graph,
                              const Cases& cases, int n, int j, Draws& draws);

// do(z = j) with monotone coupling: with p = theta[u, z, k] and p' = theta[u, j, k], a_k stays 1 if
// p' >= p, else with probability p' / p; a_k = 0 becomes 1 with probability (p' - p) / (1 - p) if
// p' > p. Slots of changed attributes are drawn afresh, and so are the slots behind the cap of
// mentions, which nobody saw: given u, the alternative report has exactly the law of reports of j,
// and it is the report itself when j = z. With report_from: image the channel of a changed
// attribute moves with it (a hidden polarity is drawn from its posterior). Source: the prototype
// (ours).
AlternativeReport structural_report(const GenerativeLaw& law, const GenerativeSampler& sampler,
                                    const Cases& cases, int n, int j, Draws& draws);

// The image under do(z = j) with the same coupling; a hidden polarity of an attribute that goes is
// drawn from its posterior, of one that comes from its law.
std::vector<float> structural_image(const GenerativeLaw& law, const Cases& cases, int n, int j,
                                    Draws& draws);

}  // namespace tightrope
