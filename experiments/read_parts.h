// SPDX-License-Identifier: Apache-2.0
// How the parts of an experiment's tree are read: every distinct node once (node_memo.h).
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/config/schema.h"
#include "core/registry/registry.h"
#include "experiments/node_memo.h"

namespace tightrope {

// A component of the registry and its resolved node.
template <class Interface>
std::shared_ptr<const Interface> read_component(const Node& node, const std::string& path,
                                                Problems& problems, Node& resolved) {
  using Known = std::pair<std::shared_ptr<const Interface>, Node>;
  thread_local NodeMemo<Known> memo;
  const Known* known = memo.find(node);
  if (known == nullptr) {
    auto built = Registry<Interface>::get().build(node, path, problems);
    if (!built) return nullptr;
    Problems seen_already;
    known = &memo.keep(node, {built, Registry<Interface>::get().resolve(node, path, seen_already)});
  }
  resolved = known->second;
  return known->first;
}

// A section with a schema of its own, and its resolved node.
template <class Params>
Params read_section(const Node& node, const std::string& path, Problems& problems,
                    Node& resolved_section) {
  static const Schema<Params> schema = Params::schema();
  thread_local NodeMemo<std::pair<Params, Node>> memo;
  const std::pair<Params, Node>* known = memo.find(node);
  if (known == nullptr) {
    const std::size_t before = problems.size();
    const Params params = schema.read(node, path, problems);
    if (problems.size() > before) return params;
    known = &memo.keep(node, {params, resolved(schema, params)});
  }
  resolved_section = known->second;
  return known->first;
}

// Refers to a name among `known`; adds a problem with the nearest one otherwise.
void require_name(const std::string& name, const std::vector<std::string>& known, const char* what,
                  const Mark& mark, const std::string& path, Problems& problems);

// Puts `value` under `key`, in the place of what was there.
void set_entry(std::vector<NodeEntry>& entries, const std::string& key, Node value);
Node with_entry(const Node& map, const std::string& key, Node value);

// Where `key` is written; without it, where the node is.
const Mark& mark_of(const Node& node, const char* key);

}  // namespace tightrope
