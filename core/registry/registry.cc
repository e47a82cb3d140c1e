// SPDX-License-Identifier: Apache-2.0
#include "core/registry/registry.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/strings.h"

namespace tightrope {
namespace {

struct Catalogue {
  std::map<std::pair<std::string, std::string>, ComponentInfo> components;  // by (kind, name)
  std::map<std::string, std::vector<std::string>> defects;                  // by kind
};

Catalogue& catalogue() {
  static Catalogue instance;
  return instance;
}

// The path below the project, told by where this very file lies. A compiler cache may have compiled
// some files under a path relative to the build folder.
std::string inside_project(std::string file) {
  constexpr std::string_view kThis = "core/registry/registry.cc";
  const std::string_view here = __FILE__;
  const std::string_view root = here.substr(0, here.size() - kThis.size());
  if (here.ends_with(kThis) && file.starts_with(root)) file.erase(0, root.size());
  while (file.starts_with("../")) file.erase(0, 3);
  return file;
}

bool is_lower_snake(const std::string& name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789_";
  return !name.empty() && name.find_first_not_of(kAllowed) == std::string::npos && name[0] >= 'a' &&
         name[0] <= 'z';
}

std::vector<std::string> names_of(const std::string& kind) {
  std::vector<std::string> names;
  for (const auto& [key, info] : catalogue().components) {
    if (key.first == kind) names.push_back(info.name);
  }
  return names;
}

}  // namespace

std::vector<ComponentInfo> all_components() {
  std::vector<ComponentInfo> all;
  for (const auto& [key, info] : catalogue().components) all.push_back(info);
  return all;
}

void check_registrations() {
  std::vector<std::string> all;
  for (const auto& [kind, defects] : catalogue().defects) {
    all.insert(all.end(), defects.begin(), defects.end());
  }
  if (!all.empty()) throw InternalError("defective registrations:\n" + join(all, "\n"));
}

namespace internal {

void check_kind(const std::string& kind) {
  const auto found = catalogue().defects.find(kind);
  if (found == catalogue().defects.end()) return;
  throw InternalError("defective registrations:\n" + join(found->second, "\n"));
}

void remember_component(ComponentInfo info, const std::vector<std::string>& defects) {
  info.file = inside_project(info.file);
  const auto add = [&](const std::string& text) {
    catalogue().defects[info.kind].push_back(
        fmt::format("{} {} ({}): {}", info.kind, info.name, info.file, text));
  };
  if (!is_lower_snake(info.name)) add("the name is not lower_snake");
  if (info.summary.empty()) add("the summary is empty");
  if (info.citation.empty()) add("the citation is empty (\"ours\" if there is none)");
  for (const std::string& defect : defects) add(defect);
  const auto key = std::make_pair(info.kind, info.name);
  const auto first = catalogue().components.find(key);
  if (first != catalogue().components.end()) {
    add("the name is taken by " + first->second.file);
    return;
  }
  catalogue().components.emplace(key, std::move(info));
}

const Node* component_type(const std::string& kind, const Node& node, const std::string& path,
                           Problems& problems) {
  if (node.is_scalar()) return &node;
  const std::string known = join(names_of(kind), ", ");
  if (!node.is_map()) {
    problems.add(node.mark(), path,
                 fmt::format("expected {{type: NAME, ...}} or the name of a {}, got {}; known: {}",
                             kind, shown(node), known));
    return nullptr;
  }
  const Node* type = node.find("type");
  if (type == nullptr) {
    problems.add(node.mark(), joined_path(path, "type"),
                 fmt::format("missing; expected the name of a {}; known: {}", kind, known));
    return nullptr;
  }
  if (!type->is_scalar()) {
    problems.add(
        type->mark(), joined_path(path, "type"),
        fmt::format("expected the name of a {}, got {}; known: {}", kind, shown(*type), known));
    return nullptr;
  }
  return type;
}

void report_unknown(const std::string& kind, const std::string& name, const Mark& mark,
                    const std::string& path, Problems& problems) {
  const std::string hint = did_you_mean(name, names_of(kind));
  problems.add(mark, path,
               fmt::format("unknown {} {}{} known: {}", kind, shown_text(name),
                           hint.empty() ? ";" : hint, join(names_of(kind), ", ")));
}

}  // namespace internal
}  // namespace tightrope
