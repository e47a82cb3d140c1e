// SPDX-License-Identifier: Apache-2.0
// From options, graph and seed to the named tables of a concept world, and from tables to a law.
#pragma once

#include <memory>
#include <vector>

#include "core/api/vocabulary.h"
#include "core/api/world_params.h"
#include "core/random/stream.h"
#include "graph/concept_graph.h"
#include "graph/concept_params.h"
#include "graph/generative_law.h"

namespace tightrope {

// What stays while the tables drift. Attribute k of the graph is attribute k of the vocabulary.
struct ConceptStructure {
  ConceptParams params;
  std::shared_ptr<const ConceptGraph> graph;  // spurious attributes included, without edges
  std::shared_ptr<const Vocabulary> vocabulary;
  std::vector<int> spurious;                 // [K] number r of the spurious attribute, -1 otherwise
  std::vector<std::uint8_t> discriminating;  // [K] 1 when it discriminates an entangled pair
  std::vector<std::pair<int, int>> pairs;    // entangled pairs
  int channels = 0;                          // attributes + nuisance channels

  int spurious_count() const;
};

// The graph that the options name, without (synthetic: with) spurious attributes. A synthetic graph
// depends on the seed, a file never does.
ConceptGraph named_graph(const ConceptParams& params, const Stream& stream);

// The graph with `params.spurious` attributes site_marker_0, ... behind its own, unless it has
// some.
ConceptGraph with_spurious(const ConceptGraph& graph, const ConceptParams& params);

ConceptStructure concept_structure(const ConceptParams& params, const ConceptGraph& graph);

// The tables at time 0 (see the .cc for the list). `stream` varies rank order of the prior, the
// links of sites and diseases (opposite inside an entangled pair) and, with base_jitter, the base
// rates.
WorldParams concept_tables(const ConceptStructure& structure, const Stream& stream);

// Compiles tables of that structure: pi[u, z] ~ prior[z] exp(confounding link[u, z]). Throws
// InputError when a table is not lawful.
GenerativeLaw generative_law(const ConceptStructure& structure, const WorldParams& tables);

}  // namespace tightrope
