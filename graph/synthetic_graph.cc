// SPDX-License-Identifier: Apache-2.0
#include "graph/synthetic_graph.h"

#include <numeric>
#include <utility>

#include "core/base/check.h"
#include "graph/concept_params.h"

namespace tightrope {
namespace {

constexpr int kPairs = 4;
constexpr int kSingles = 4;
constexpr int kDiseases = 2 * kPairs + kSingles;
constexpr int kPerPair = 6;  // 2 shared, 2 own of each member
constexpr int kPerSingle = 2;
constexpr int kClinical = kPerPair * kPairs + kPerSingle * kSingles;
constexpr int kExclusions = 3;

struct Group {
  std::vector<int> diseases;
  int further_associations = 1;
};

std::vector<int> permutation(int count, Draws& draws) {
  std::vector<int> out(count);
  std::iota(out.begin(), out.end(), 0);
  for (int i = count - 1; i > 0; --i) std::swap(out[i], out[draws.below(i + 1)]);
  return out;
}

// Relations before the permutation, [Z][clinical].
using Matrix = std::vector<std::vector<Relation>>;

std::vector<Group> own_attributes(Matrix& relation, std::vector<std::string>& label,
                                  std::vector<bool>& discriminates) {
  std::vector<Group> groups;
  for (int p = 0; p < kPairs; ++p) {
    const int first = kPerPair * p;
    groups.push_back({{2 * p, 2 * p + 1}, 1});
    for (int i = 0; i < 2; ++i) {
      label[first + i] = fmt::format("pair {}, shared {}", p, i);
      for (int z : {2 * p, 2 * p + 1}) relation[z][first + i] = Relation::kAssociation;
    }
    for (int i = 0; i < 4; ++i) {
      label[first + 2 + i] = fmt::format("pair {}, own {} of member {}", p, i % 2, i / 2);
      relation[2 * p + i / 2][first + 2 + i] = Relation::kAssociation;
      discriminates[first + 2 + i] = true;
    }
  }
  for (int q = 0; q < kSingles; ++q) {
    groups.push_back({{2 * kPairs + q}, 2});
    for (int i = 0; i < kPerSingle; ++i) {
      const int k = kPerPair * kPairs + kPerSingle * q + i;
      label[k] = fmt::format("single {}, own {}", q, i);
      relation[2 * kPairs + q][k] = Relation::kAssociation;
    }
  }
  return groups;
}

// Two singles that share two associations would be an entangled pair of their own.
bool entangles_singles(const Group& group, int k, const Matrix& relation) {
  if (group.diseases.size() != 1) return false;
  const auto& mine = relation[group.diseases[0]];
  for (int z = 2 * kPairs; z < kDiseases; ++z) {
    if (z == group.diseases[0] || relation[z][k] != Relation::kAssociation) continue;
    for (int i = 0; i < kClinical; ++i) {
      if (mine[i] == Relation::kAssociation && relation[z][i] == Relation::kAssociation)
        return true;
    }
  }
  return false;
}

void further_edges(const Group& group, const std::vector<bool>& discriminates, Matrix& relation,
                   Draws& draws) {
  int placed = 0;
  for (int k : permutation(kClinical, draws)) {
    bool free = !discriminates[k];
    for (int z : group.diseases) free = free && relation[z][k] == Relation::kIrrelevance;
    if (!free) continue;
    if (placed == group.further_associations + kExclusions) return;
    if (placed < group.further_associations && entangles_singles(group, k, relation)) continue;
    for (int z : group.diseases) {
      relation[z][k] =
          placed < group.further_associations ? Relation::kAssociation : Relation::kExclusion;
    }
    ++placed;
  }
}

}  // namespace

ConceptGraph synthetic_graph(int spurious, Draws draws) {
  TR_REQUIRE(spurious >= 0, "spurious = {}, must be at least 0", spurious);
  Matrix relation(kDiseases, std::vector<Relation>(kClinical, Relation::kIrrelevance));
  std::vector<std::string> label(kClinical + spurious);
  std::vector<bool> discriminates(kClinical, false);
  const std::vector<int> place = permutation(kClinical + spurious, draws);
  const std::vector<Group> groups = own_attributes(relation, label, discriminates);
  for (const Group& group : groups) further_edges(group, discriminates, relation, draws);

  std::vector<GraphDisease> diseases;
  for (int z = 0; z < kDiseases; ++z) {
    diseases.push_back(z < 2 * kPairs
                           ? GraphDisease{fmt::format("pair_{}{}", z / 2, z % 2 == 0 ? 'a' : 'b'),
                                          fmt::format("Pair {}, member {}", z / 2, z % 2)}
                           : GraphDisease{fmt::format("single_{}", z - 2 * kPairs),
                                          fmt::format("Single {}", z - 2 * kPairs)});
  }
  std::vector<GraphAttribute> attributes(kClinical + spurious);
  std::vector<GraphEdge> edges;
  for (int k = 0; k < kClinical + spurious; ++k) {
    const bool clinical = k < kClinical;
    attributes[place[k]] = {fmt::format("finding_{:02}", place[k]),
                            clinical ? label[k] : fmt::format("marker {}", k - kClinical),
                            clinical ? "clinical" : kSpuriousCategory};
    for (int z = 0; clinical && z < kDiseases; ++z) {
      if (relation[z][k] == Relation::kIrrelevance) continue;
      edges.push_back({z, place[k], relation[z][k], "synthetic"});
    }
  }
  return ConceptGraph("synthetic", std::move(diseases), std::move(attributes), std::move(edges));
}

}  // namespace tightrope
