// SPDX-License-Identifier: Apache-2.0
// Diseases x attributes with three relations: association, irrelevance, exclusion.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tightrope {

enum class Relation : std::uint8_t { kIrrelevance = 0, kAssociation = 1, kExclusion = 2 };

struct GraphDisease {
  std::string name;
  std::string label;
};

struct GraphAttribute {
  std::string name;
  std::string label;
  std::string category;
};

struct GraphEdge {
  int disease = 0;
  int attribute = 0;
  Relation relation = Relation::kAssociation;
  std::string reason;
};

// The change of a report that turns disease i into disease j; attribute indices in canonical order.
struct CounterfactualPlan {
  std::vector<int> remove;  // associated with i and not with j, or excluded by j and not by i
  std::vector<int> add;     // associated with j and not with i
  std::vector<int> keep;    // every other attribute
};

// Immutable once built. Indices are the order of the file, which is the canonical order.
class ConceptGraph {
 public:
  // Throws InputError when a disease has no association, a name repeats, an index is out of range,
  // or an attribute is both associated with and excluded by one disease.
  ConceptGraph(std::string name, std::vector<GraphDisease> diseases,
               std::vector<GraphAttribute> attributes, std::vector<GraphEdge> edges);

  const std::string& name() const { return name_; }
  int diseases() const { return static_cast<int>(diseases_.size()); }
  int attributes() const { return static_cast<int>(attributes_.size()); }
  const GraphDisease& disease(int z) const { return diseases_[z]; }
  const GraphAttribute& attribute(int k) const { return attributes_[k]; }
  const std::vector<GraphEdge>& edges() const { return edges_; }
  Relation relation(int disease, int attribute) const;

  std::vector<int> associations(int disease) const;
  std::vector<int> exclusions(int disease) const;
  std::vector<int> shared(int i, int j) const;          // associated with both
  std::vector<int> discriminating(int i, int j) const;  // associated with exactly one
  // Jaccard index of the association sets, in [0, 1].
  double entanglement(int i, int j) const;
  // The k diseases with the largest entanglement with i, ties by index; never i itself.
  std::vector<int> nearest(int i, int k) const;
  CounterfactualPlan plan(int i, int j) const;
  // Mutually nearest pairs with entanglement >= threshold, each disease in at most one pair, most
  // entangled first.
  std::vector<std::pair<int, int>> entangled_pairs(double threshold) const;

 private:
  std::string name_;
  std::vector<GraphDisease> diseases_;
  std::vector<GraphAttribute> attributes_;
  std::vector<GraphEdge> edges_;
  // Every other disease, most entangled with i first, ties by index.
  std::vector<int> by_entanglement(int i) const;
  std::vector<Relation> relation_;         // [Z, K]
  std::vector<std::vector<int>> nearest_;  // [Z][Z - 1], experts ask for it per case
};

// Reads and validates a graph file; errors carry file:line:column. `name_or_path` is "cxr", "toy"
// (shipped) or a path.
ConceptGraph load_graph(const std::string& name_or_path);

}  // namespace tightrope
