// SPDX-License-Identifier: Apache-2.0
// Reads a graph file: `graph, source, categories, diseases, attributes, edges`, every mistake with
// its place, all of them together.
#include <algorithm>
#include <filesystem>
#include <map>

#include "core/base/check.h"
#include "core/base/paths.h"
#include "core/base/strings.h"
#include "core/config/problems.h"
#include "core/config/yaml.h"
#include "graph/concept_graph.h"

namespace tightrope {
namespace {

class Reader {
 public:
  explicit Reader(const Node& root) : root_(root) {}

  ConceptGraph read() {
    check_keys(root_, "", {"graph", "source", "categories", "diseases", "attributes", "edges"});
    problems_.throw_if_any();
    const std::string name = text(root_, "", "graph");
    text(root_, "", "source");
    read_categories();
    each("diseases", {"name", "label"}, [&](const Node& node, const std::string& path) {
      diseases_.push_back({text(node, path, "name"), text(node, path, "label")});
      remember(disease_names_, node, path, "disease", diseases_.back().name);
    });
    each("attributes", {"name", "label", "category"},
         [&](const Node& node, const std::string& path) {
           attributes_.push_back({text(node, path, "name"), text(node, path, "label"),
                                  known(node, path, "category", "category", categories_)});
           remember(attribute_names_, node, path, "attribute", attributes_.back().name);
         });
    problems_.throw_if_any();
    each("edges", {"disease", "attribute", "relation", "reason"},
         [&](const Node& node, const std::string& path) { read_edge(node, path); });
    problems_.throw_if_any();  // a misspelt edge would also read as a missing association
    check_associations();
    problems_.throw_if_any();
    return ConceptGraph(name, diseases_, attributes_, edges_);
  }

 private:
  // Adds a problem for a kind other than a mapping, unknown and missing keys.
  bool check_keys(const Node& node, const std::string& path, const std::vector<std::string>& keys) {
    if (!node.is_map()) {
      problems_.add(node.mark(), path,
                    fmt::format("{}, must be a mapping of {}", shown(node), join(keys, ", ")));
      return false;
    }
    for (const NodeEntry& entry : node.entries()) {
      if (std::find(keys.begin(), keys.end(), entry.key) != keys.end()) continue;
      problems_.add(
          entry.key_mark, joined_path(path, entry.key),
          fmt::format("unknown key{}; known: {}", did_you_mean(entry.key, keys), join(keys, ", ")));
    }
    for (const std::string& key : keys) {
      if (node.find(key) == nullptr) {
        problems_.add(node.mark(), joined_path(path, key), "this key is missing");
      }
    }
    return true;
  }

  std::string text(const Node& node, const std::string& path, const std::string& key) {
    const Node* value = node.find(key);
    if (value == nullptr) return "";
    if (!value->is_scalar() || value->text().empty()) {
      problems_.add(value->mark(), joined_path(path, key),
                    fmt::format("{}, must be a text that is not empty", shown(*value)));
      return "";
    }
    return value->text();
  }

  std::string known(const Node& node, const std::string& path, const std::string& key,
                    const std::string& what, const std::vector<std::string>& names) {
    const std::string name = text(node, path, key);
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
      problems_.add(node.find(key)->mark(), joined_path(path, key),
                    fmt::format("unknown {} {}{}; known: {}", what, shown_text(name),
                                did_you_mean(name, names), join(names, ", ")));
      return "";
    }
    return name;
  }

  void remember(std::vector<std::string>& names, const Node& node, const std::string& path,
                const std::string& what, const std::string& name) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) != names.end()) {
      problems_.add(node.find("name")->mark(), joined_path(path, "name"),
                    fmt::format("{} {} appears twice", what, shown_text(name)));
    }
    names.push_back(name);
  }

  template <class Visit>
  void each(const std::string& key, const std::vector<std::string>& keys, const Visit& visit) {
    const Node& list = *root_.find(key);
    if (!list.is_sequence() || list.items().empty()) {
      problems_.add(list.mark(), key,
                    fmt::format("{}, must be a list that is not empty", shown(list)));
      return;
    }
    for (std::size_t i = 0; i < list.items().size(); ++i) {
      const std::string path = joined_path(key, std::to_string(i));
      if (check_keys(list.items()[i], path, keys)) visit(list.items()[i], path);
    }
  }

  void read_categories() {
    const Node& list = *root_.find("categories");
    if (!list.is_sequence()) {
      problems_.add(list.mark(), "categories",
                    fmt::format("{}, must be a list of names", shown(list)));
      return;
    }
    for (std::size_t i = 0; i < list.items().size(); ++i) {
      const Node& item = list.items()[i];
      const std::string path = joined_path("categories", std::to_string(i));
      if (!item.is_scalar() || item.text().empty()) {
        problems_.add(item.mark(), path, fmt::format("{}, must be a name", shown(item)));
      } else if (std::find(categories_.begin(), categories_.end(), item.text()) !=
                 categories_.end()) {
        problems_.add(item.mark(), path,
                      fmt::format("category {} appears twice", shown_text(item.text())));
      } else {
        categories_.push_back(item.text());
      }
    }
  }

  void read_edge(const Node& node, const std::string& path) {
    const std::string disease = known(node, path, "disease", "disease", disease_names_);
    const std::string attribute = known(node, path, "attribute", "attribute", attribute_names_);
    const std::string relation =
        known(node, path, "relation", "relation", {"association", "exclusion"});
    const std::string reason = text(node, path, "reason");
    if (disease.empty() || attribute.empty() || relation.empty()) return;
    const auto [earlier, fresh] = seen_.try_emplace({disease, attribute}, relation, node.mark());
    if (!fresh) {
      const auto& [other, mark] = earlier->second;
      problems_.add(node.mark(), path,
                    other == relation
                        ? fmt::format("the edge of {} and {} appears twice, first at {}", disease,
                                      attribute, mark.text())
                        : fmt::format("{} is both associated with and excluded by {}, see {}",
                                      attribute, disease, mark.text()));
      return;
    }
    const auto index = [](const std::vector<std::string>& names, const std::string& name) {
      return static_cast<int>(std::find(names.begin(), names.end(), name) - names.begin());
    };
    edges_.push_back({index(disease_names_, disease), index(attribute_names_, attribute),
                      relation == "association" ? Relation::kAssociation : Relation::kExclusion,
                      reason});
  }

  void check_associations() {
    const Node& list = *root_.find("diseases");
    for (std::size_t z = 0; z < disease_names_.size(); ++z) {
      bool any = false;
      for (const GraphEdge& edge : edges_) {
        any =
            any || (edge.disease == static_cast<int>(z) && edge.relation == Relation::kAssociation);
      }
      if (any) continue;
      problems_.add(list.items()[z].mark(), joined_path("diseases", std::to_string(z)),
                    fmt::format("disease {} has no association", shown_text(disease_names_[z])));
    }
  }

  const Node& root_;
  Problems problems_;
  std::vector<std::string> categories_;
  std::vector<GraphDisease> diseases_;
  std::vector<GraphAttribute> attributes_;
  std::vector<GraphEdge> edges_;
  std::vector<std::string> disease_names_;
  std::vector<std::string> attribute_names_;
  std::map<std::pair<std::string, std::string>, std::pair<std::string, Mark>> seen_;
};

}  // namespace

ConceptGraph load_graph(const std::string& name_or_path) {
  std::filesystem::path path = name_or_path;
  const bool shipped = name_or_path.find('/') == std::string::npos && !path.has_extension();
  if (shipped) {
    path = data_folder() / "graph" / "data" / (name_or_path + ".yaml");
    std::error_code ignored;
    TR_REQUIRE(std::filesystem::exists(path, ignored),
               "unknown concept graph {}{}; known: cxr, overlap_1 .. overlap_4, synthetic, toy, or "
               "the path "
               "of a .yaml file",
               shown_text(name_or_path),
               did_you_mean(name_or_path, {"cxr", "overlap_1", "overlap_2", "overlap_3",
                                           "overlap_4", "synthetic", "toy"}));
  }
  const Node root = load_yaml(path);
  return Reader(root).read();
}

}  // namespace tightrope
