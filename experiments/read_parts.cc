// SPDX-License-Identifier: Apache-2.0
#include "experiments/read_parts.h"

#include <algorithm>

#include "core/base/strings.h"

namespace tightrope {

void require_name(const std::string& name, const std::vector<std::string>& known, const char* what,
                  const Mark& mark, const std::string& path, Problems& problems) {
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  const auto near = nearest(name, known);
  problems.add(mark, path,
               "no " + std::string(what) + " is named \"" + name + "\"" +
                   (near ? "; did you mean \"" + *near + "\"?" : ";") +
                   " known: " + (known.empty() ? "none" : join(known, ", ")));
}

const Mark& mark_of(const Node& node, const char* key) {
  const Node* found = node.find(key);
  return found != nullptr ? found->mark() : node.mark();
}

void set_entry(std::vector<NodeEntry>& entries, const std::string& key, Node value) {
  for (NodeEntry& entry : entries) {
    if (entry.key == key) {
      entry.value = std::move(value);
      return;
    }
  }
  entries.push_back({key, {}, std::move(value)});
}

Node with_entry(const Node& map, const std::string& key, Node value) {
  std::vector<NodeEntry> entries = map.entries();
  set_entry(entries, key, std::move(value));
  return Node::map(std::move(entries));
}

}  // namespace tightrope
