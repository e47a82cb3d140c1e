// SPDX-License-Identifier: Apache-2.0
#include "graph/concept_graph.h"

#include <algorithm>
#include <set>

#include "core/base/check.h"

namespace tightrope {
namespace {

template <class Thing>
void require_unique(const std::string& graph, const char* what, const std::vector<Thing>& things) {
  std::set<std::string> seen;
  for (const Thing& thing : things) {
    TR_REQUIRE(!thing.name.empty(), "concept graph {}: a {} has no name", graph, what);
    TR_REQUIRE(seen.insert(thing.name).second, "concept graph {}: {} {} appears twice", graph, what,
               thing.name);
  }
}

}  // namespace

ConceptGraph::ConceptGraph(std::string name, std::vector<GraphDisease> diseases,
                           std::vector<GraphAttribute> attributes, std::vector<GraphEdge> edges)
    : name_(std::move(name)),
      diseases_(std::move(diseases)),
      attributes_(std::move(attributes)),
      edges_(std::move(edges)) {
  TR_REQUIRE(!diseases_.empty(), "concept graph {}: no disease", name_);
  TR_REQUIRE(!attributes_.empty(), "concept graph {}: no attribute", name_);
  require_unique(name_, "disease", diseases_);
  require_unique(name_, "attribute", attributes_);
  relation_.assign(diseases_.size() * attributes_.size(), Relation::kIrrelevance);
  for (const GraphEdge& edge : edges_) {
    const int z = edge.disease;
    const int k = edge.attribute;
    TR_REQUIRE(z >= 0 && z < this->diseases() && k >= 0 && k < this->attributes(),
               "concept graph {}: edge ({}, {}) is outside {} diseases x {} attributes", name_, z,
               k, this->diseases(), this->attributes());
    TR_REQUIRE(edge.relation != Relation::kIrrelevance,
               "concept graph {}: edge ({}, {}) says irrelevance, which is the absence of an edge",
               name_, diseases_[z].name, attributes_[k].name);
    Relation& cell = relation_[static_cast<std::size_t>(z) * attributes_.size() + k];
    TR_REQUIRE(cell == Relation::kIrrelevance || cell == edge.relation,
               "concept graph {}: {} is both associated with and excluded by {}", name_,
               attributes_[k].name, diseases_[z].name);
    TR_REQUIRE(cell == Relation::kIrrelevance, "concept graph {}: edge ({}, {}) appears twice",
               name_, diseases_[z].name, attributes_[k].name);
    cell = edge.relation;
  }
  for (int z = 0; z < this->diseases(); ++z) {
    TR_REQUIRE(!associations(z).empty(), "concept graph {}: disease {} has no association", name_,
               diseases_[z].name);
  }
  for (int z = 0; z < this->diseases(); ++z) nearest_.push_back(by_entanglement(z));
}

std::vector<int> ConceptGraph::by_entanglement(int i) const {
  std::vector<std::pair<double, int>> scored;
  for (int j = 0; j < diseases(); ++j) {
    if (j != i) scored.emplace_back(-entanglement(i, j), j);
  }
  std::sort(scored.begin(), scored.end());
  std::vector<int> order;
  for (const auto& [score, j] : scored) order.push_back(j);
  return order;
}

Relation ConceptGraph::relation(int disease, int attribute) const {
  TR_DCHECK(disease >= 0 && disease < diseases() && attribute >= 0 && attribute < attributes(),
            "({}, {})", disease, attribute);
  return relation_[static_cast<std::size_t>(disease) * attributes_.size() + attribute];
}

std::vector<int> ConceptGraph::associations(int disease) const {
  std::vector<int> out;
  for (int k = 0; k < attributes(); ++k) {
    if (relation(disease, k) == Relation::kAssociation) out.push_back(k);
  }
  return out;
}

std::vector<int> ConceptGraph::exclusions(int disease) const {
  std::vector<int> out;
  for (int k = 0; k < attributes(); ++k) {
    if (relation(disease, k) == Relation::kExclusion) out.push_back(k);
  }
  return out;
}

std::vector<int> ConceptGraph::shared(int i, int j) const {
  std::vector<int> out;
  for (int k = 0; k < attributes(); ++k) {
    if (relation(i, k) == Relation::kAssociation && relation(j, k) == Relation::kAssociation) {
      out.push_back(k);
    }
  }
  return out;
}

std::vector<int> ConceptGraph::discriminating(int i, int j) const {
  std::vector<int> out;
  for (int k = 0; k < attributes(); ++k) {
    const bool in_i = relation(i, k) == Relation::kAssociation;
    const bool in_j = relation(j, k) == Relation::kAssociation;
    if (in_i != in_j) out.push_back(k);
  }
  return out;
}

double ConceptGraph::entanglement(int i, int j) const {
  const double both = static_cast<double>(shared(i, j).size());
  return both / (both + static_cast<double>(discriminating(i, j).size()));
}

std::vector<int> ConceptGraph::nearest(int i, int k) const {
  TR_REQUIRE(k >= 0 && k < diseases(),
             "the {} nearest diseases of {} were asked for, there are {} others", k,
             diseases_[i].name, diseases() - 1);
  return {nearest_[i].begin(), nearest_[i].begin() + k};
}

CounterfactualPlan ConceptGraph::plan(int i, int j) const {
  CounterfactualPlan out;
  for (int k = 0; k < attributes(); ++k) {
    const Relation from = relation(i, k);
    const Relation to = relation(j, k);
    const bool lost = from == Relation::kAssociation && to != Relation::kAssociation;
    const bool forbidden = to == Relation::kExclusion && from != Relation::kExclusion;
    if (lost || forbidden) {
      out.remove.push_back(k);
    } else if (to == Relation::kAssociation && from != Relation::kAssociation) {
      out.add.push_back(k);
    } else {
      out.keep.push_back(k);
    }
  }
  return out;
}

std::vector<std::pair<int, int>> ConceptGraph::entangled_pairs(double threshold) const {
  std::vector<std::pair<int, int>> pairs;
  if (diseases() < 2) return pairs;
  for (int i = 0; i < diseases(); ++i) {
    const int j = nearest(i, 1)[0];
    if (i < j && nearest(j, 1)[0] == i && entanglement(i, j) >= threshold) pairs.emplace_back(i, j);
  }
  std::stable_sort(pairs.begin(), pairs.end(), [&](const auto& a, const auto& b) {
    return entanglement(a.first, a.second) > entanglement(b.first, b.second);
  });
  return pairs;
}

}  // namespace tightrope
