// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <iostream>
#include <set>

#include "core/base/check.h"
#include "core/commands/command.h"
#include "core/config/yaml.h"

namespace tightrope {
namespace {

Node settings_of(const std::string& place) {
  const std::filesystem::path path(place);
  return load_yaml(std::filesystem::is_directory(path) ? path / "config.yaml" : path);
}

// Prints "path: a -> b" for every leaf that differs; returns their number.
int show_difference(const Node& a, const Node& b, const std::string& path) {
  if (a.is_map() && b.is_map()) {
    int count = 0;
    std::set<std::string> seen;
    for (const NodeEntry& entry : a.entries()) {
      seen.insert(entry.key);
      const Node* other = b.find(entry.key);
      count += show_difference(entry.value, other != nullptr ? *other : Node(),
                               path.empty() ? entry.key : path + "." + entry.key);
    }
    for (const NodeEntry& entry : b.entries()) {
      if (seen.count(entry.key) > 0) continue;
      count +=
          show_difference(Node(), entry.value, path.empty() ? entry.key : path + "." + entry.key);
    }
    return count;
  }
  if (a.is_sequence() && b.is_sequence() && a.items().size() == b.items().size()) {
    int count = 0;
    for (std::size_t i = 0; i < a.items().size(); ++i) {
      count += show_difference(a.items()[i], b.items()[i], path + "." + std::to_string(i));
    }
    return count;
  }
  if (to_json(a) == to_json(b)) return 0;
  std::cout << path << ": " << to_json(a) << " -> " << to_json(b) << "\n";
  return 1;
}

int diff(const std::vector<std::string>& args) {
  const po::variables_map values =
      parse_arguments("diff", args, po::options_description("options"), {"A", "B"}, 2);
  const int count = show_difference(settings_of(values["A"].as<std::string>()),
                                    settings_of(values["B"].as<std::string>()), "");
  if (count == 0) std::cout << "equal settings\n";
  return 0;
}

}  // namespace

TR_COMMAND(diff, "diff", "diff A B", "show how the settings of two runs or files differ", diff);

}  // namespace tightrope
