// SPDX-License-Identifier: Apache-2.0
#include "graph/rule_shape.h"

#include <algorithm>

#include "core/base/check.h"

namespace tightrope {
namespace {

// Attributes associated with `own` and not with `other`, most informative first: excluded by
// `other`, then associated with the fewest diseases, then canonical order.
std::vector<int> by_information(const ConceptGraph& graph, int own, int other) {
  std::vector<int> out;
  for (int k : graph.discriminating(own, other)) {
    if (graph.relation(own, k) == Relation::kAssociation) out.push_back(k);
  }
  const auto rank = [&](int k) {
    int carriers = 0;
    for (int z = 0; z < graph.diseases(); ++z) {
      carriers += graph.relation(z, k) == Relation::kAssociation ? 1 : 0;
    }
    return std::pair(graph.relation(other, k) == Relation::kExclusion ? 0 : 1, carriers);
  };
  std::stable_sort(out.begin(), out.end(), [&](int a, int b) { return rank(a) < rank(b); });
  return out;
}

std::array<int, 2> choose_deciding(const ConceptGraph& graph, int first, int second) {
  std::vector<int> of_second = by_information(graph, second, first);
  std::vector<int> of_first = by_information(graph, first, second);
  TR_REQUIRE(of_first.size() + of_second.size() >= 2,
             "diagnosis: rule needs two attributes that discriminate {} and {}, graph {} has {}",
             graph.disease(first).name, graph.disease(second).name, graph.name(),
             of_first.size() + of_second.size());
  if (of_second.empty()) return {of_first[0], of_first[1]};
  if (of_first.empty()) return {of_second[0], of_second[1]};
  return {of_second[0], of_first[0]};
}

}  // namespace

RuleShape make_rule_shape(const ConceptParams& params, const ConceptGraph& graph) {
  RuleShape shape;
  shape.structure = concept_structure(params, graph);
  shape.category_of.assign(graph.diseases(), -1);
  for (const auto& [first, second] : shape.structure.pairs) {
    shape.category_of[first] = shape.category_of[second] = shape.categories();
    shape.member.push_back({first, second});
    shape.deciding.push_back(choose_deciding(graph, first, second));
  }
  for (int z = 0; z < graph.diseases(); ++z) {
    if (shape.category_of[z] >= 0) continue;
    shape.category_of[z] = shape.categories();
    shape.member.push_back({z, -1});
    shape.deciding.push_back({-1, -1});
  }
  // Here only the deciding findings tell the members of a pair apart.
  std::vector<std::uint8_t>& discriminating = shape.structure.discriminating;
  std::fill(discriminating.begin(), discriminating.end(), std::uint8_t{0});
  for (const std::array<int, 2>& pair : shape.deciding) {
    for (const int k : pair) {
      if (k >= 0) discriminating[k] = 1;
    }
  }
  return shape;
}

Names rule_names(const RuleShape& shape) {
  Names names = shape.structure.vocabulary->names();
  for (const auto& [first, second] : shape.member) {
    const std::string& name = names.diseases[first];
    names.categories.push_back(second < 0 ? name : name + "_or_" + names.diseases[second]);
  }
  return names;
}

}  // namespace tightrope
