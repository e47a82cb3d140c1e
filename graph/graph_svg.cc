// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "graph/graph_draw.h"

namespace tightrope {
namespace {

constexpr int kCell = 20;
constexpr int kCategoryRow = 26;
constexpr int kMargin = 18;
constexpr double kCharacter = 6.9;  // width of a 12 px letter of a sans-serif font
constexpr double kSlope = 0.7071;   // labels of columns are turned by 45 degrees

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// "anatomical_deviation" as "Anatomical deviation".
std::string readable(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') {
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
  }
  return name;
}

class Matrix {
 public:
  explicit Matrix(const ConceptGraph& graph) : graph_(graph) {
    std::size_t longest_row = 0;
    std::size_t longest_column = 0;
    for (int k = 0; k < graph.attributes(); ++k) {
      longest_row = std::max(longest_row, graph.attribute(k).label.size());
      groups_[category_place(graph.attribute(k).category)].second.push_back(k);
    }
    for (int z = 0; z < graph.diseases(); ++z) {
      longest_column = std::max(longest_column, graph.disease(z).label.size());
    }
    for (const GraphEdge& edge : graph.edges()) {
      reason_[{edge.disease, edge.attribute}] = edge.reason;
    }
    left_ = kMargin + static_cast<int>(kCharacter * static_cast<double>(longest_row)) + 10;
    overhang_ = static_cast<int>(kCharacter * kSlope * static_cast<double>(longest_column)) + 14;
    top_ = kMargin + 44 + overhang_;
    width_ = std::max(left_ + kCell * graph.diseases() + overhang_, 420) + kMargin;
    height_ = top_ + kCell * graph.attributes() + kCategoryRow * static_cast<int>(groups_.size()) +
              kMargin;
  }

  std::string draw() {
    text_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
        "viewBox=\"0 0 {0} {1}\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\" "
        "fill=\"#222222\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n",
        width_, height_);
    heading();
    columns();
    int y = top_;
    for (const auto& [category, attributes] : groups_) {
      text_ += fmt::format("<text x=\"{}\" y=\"{}\" font-weight=\"bold\">{}</text>\n", kMargin,
                           y + 18, escaped(readable(category)));
      y += kCategoryRow;
      for (int k : attributes) row(k, y += kCell);
    }
    return text_ + "</svg>\n";
  }

 private:
  std::size_t category_place(const std::string& category) {
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      if (groups_[i].first == category) return i;
    }
    groups_.push_back({category, {}});
    return groups_.size() - 1;
  }

  void heading() {
    int association = 0;
    for (const GraphEdge& edge : graph_.edges()) {
      association += edge.relation == Relation::kAssociation ? 1 : 0;
    }
    const int exclusion = static_cast<int>(graph_.edges().size()) - association;
    text_ += fmt::format(
        "<text x=\"{}\" y=\"{}\" font-size=\"16\" font-weight=\"bold\">Concept graph {}: {} "
        "diseases, {} attributes</text>\n",
        kMargin, kMargin + 12, escaped(graph_.name()), graph_.diseases(), graph_.attributes());
    const int y = kMargin + 26;
    mark(Relation::kAssociation, kMargin, y);
    text_ += fmt::format("<text x=\"{}\" y=\"{}\">association ({})</text>\n", kMargin + 24, y + 14,
                         association);
    mark(Relation::kExclusion, kMargin + 150, y);
    text_ += fmt::format("<text x=\"{}\" y=\"{}\">exclusion ({})</text>\n", kMargin + 174, y + 14,
                         exclusion);
  }

  void columns() {
    for (int z = 0; z < graph_.diseases(); ++z) {
      const int x = left_ + kCell * z + kCell / 2 + 4;
      text_ += fmt::format("<text transform=\"translate({},{}) rotate(-45)\">{}</text>\n", x,
                           top_ + kCategoryRow - 6, escaped(graph_.disease(z).label));
    }
  }

  // The row whose lower edge is y.
  void row(int k, int y) {
    const int upper = y - kCell;
    text_ += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n", left_ - 8,
                         upper + 14, escaped(graph_.attribute(k).label));
    for (int z = 0; z < graph_.diseases(); ++z) {
      const int x = left_ + kCell * z;
      text_ += fmt::format(
          "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"#f6f7f8\" "
          "stroke=\"#d9dcdf\" stroke-width=\"1\"/>\n",
          x, upper, kCell, kCell);
      if (graph_.relation(z, k) == Relation::kIrrelevance) continue;
      text_ += "<g>";
      text_ += fmt::format("<title>{}, {}: {}</title>", escaped(graph_.disease(z).label),
                           escaped(graph_.attribute(k).label), escaped(reason_[{z, k}]));
      mark(graph_.relation(z, k), x, upper);
      text_ += "</g>\n";
    }
  }

  // Told apart by form as well as by colour.
  void mark(Relation relation, int x, int y) {
    if (relation == Relation::kAssociation) {
      text_ += fmt::format(
          "<rect x=\"{}\" y=\"{}\" width=\"14\" height=\"14\" fill=\"#2166ac\"/>\n", x + 3, y + 3);
    } else {
      text_ += fmt::format(
          "<rect x=\"{}\" y=\"{}\" width=\"13\" height=\"13\" fill=\"#fbe3dc\" "
          "stroke=\"#b2452c\" stroke-width=\"1.5\"/><line x1=\"{}\" y1=\"{}\" x2=\"{}\" "
          "y2=\"{}\" stroke=\"#b2452c\" stroke-width=\"2\"/>\n",
          x + 3.5, y + 3.5, x + 6, y + 10, x + 14, y + 10);
    }
  }

  const ConceptGraph& graph_;
  std::vector<std::pair<std::string, std::vector<int>>> groups_;
  std::map<std::pair<int, int>, std::string> reason_;
  int left_ = 0;
  int overhang_ = 0;
  int top_ = 0;
  int width_ = 0;
  int height_ = 0;
  std::string text_;
};

}  // namespace

std::string graph_svg(const ConceptGraph& graph) { return Matrix(graph).draw(); }

}  // namespace tightrope
