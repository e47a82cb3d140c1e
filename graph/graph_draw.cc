// SPDX-License-Identifier: Apache-2.0
#include "graph/graph_draw.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace tightrope {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::vector<std::string> categories(const ConceptGraph& graph) {
  std::vector<std::string> out;
  for (int k = 0; k < graph.attributes(); ++k) {
    const std::string& category = graph.attribute(k).category;
    if (std::find(out.begin(), out.end(), category) == out.end()) out.push_back(category);
  }
  return out;
}

}  // namespace

std::string graph_dot(const ConceptGraph& graph) {
  std::string out = fmt::format("graph {} {{\n", quoted(graph.name()));
  out += "  rankdir=LR; splines=true; fontname=\"sans-serif\";\n";
  out += "  node [fontname=\"sans-serif\", fontsize=10];\n";
  for (int z = 0; z < graph.diseases(); ++z) {
    out += fmt::format("  {} [label={}, shape=box, style=filled, fillcolor=\"#eef3f8\"];\n",
                       quoted(graph.disease(z).name), quoted(graph.disease(z).label));
  }
  int number = 0;
  for (const std::string& category : categories(graph)) {
    out += fmt::format("  subgraph cluster_{} {{\n    label={}; color=\"#c8ccd0\";\n", number++,
                       quoted(category));
    for (int k = 0; k < graph.attributes(); ++k) {
      if (graph.attribute(k).category != category) continue;
      out += fmt::format("    {} [label={}];\n", quoted(graph.attribute(k).name),
                         quoted(graph.attribute(k).label));
    }
    out += "  }\n";
  }
  for (const GraphEdge& edge : graph.edges()) {
    const bool association = edge.relation == Relation::kAssociation;
    out += fmt::format("  {} -- {} [{}, tooltip={}];\n", quoted(graph.disease(edge.disease).name),
                       quoted(graph.attribute(edge.attribute).name),
                       association ? "color=\"#2166ac\""
                                   : "color=\"#b2452c\", style=dashed, arrowhead=tee, dir=forward",
                       quoted(edge.reason));
  }
  return out + "}\n";
}

}  // namespace tightrope
