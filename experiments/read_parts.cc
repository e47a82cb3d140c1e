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

}  // namespace tightrope
