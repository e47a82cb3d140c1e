// SPDX-License-Identifier: Apache-2.0
// The templates of registry.h.
#pragma once

#include <exception>
#include <utility>

#include "core/registry/registry.h"

namespace tightrope {

template <class Interface>
template <class Component>
bool Registry<Interface>::add(const std::string& name, const std::string& summary,
                              const std::string& citation, const std::string& file) {
  using Params = typename Component::Params;
  const Schema<Params> schema = Component::schema();
  internal::remember_component(
      {InterfaceName<Interface>::value, name, summary, citation, file, schema.fields()},
      schema.defects());
  Entry entry;
  entry.build = [schema](const Node& node, const std::string& path, Problems& problems) {
    const std::size_t before = problems.size();
    Params params = schema.read(node, path, problems, {"type"});
    std::shared_ptr<const Interface> component;
    if (problems.size() > before) return component;
    try {
      component = std::make_shared<const Component>(std::move(params));
    } catch (const InputError& error) {
      problems.add(node.mark(), path, error.what());
    }
    return component;
  };
  entry.resolve = [schema, name](const Node& node, const std::string& path, Problems& problems) {
    const Params params = schema.read(node, path, problems, {"type"});
    const Node values = resolved(schema, params);
    std::vector<NodeEntry> entries{{"type", {}, text_node(name)}};
    entries.insert(entries.end(), values.entries().begin(), values.entries().end());
    return Node::map(std::move(entries), node.mark());
  };
  entries_.emplace(name, std::move(entry));  // the first of two equal names stays
  return true;
}

template <class Interface>
std::vector<std::string> Registry<Interface>::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

template <class Interface>
const typename Registry<Interface>::Entry* Registry<Interface>::find(const Node& node,
                                                                     const std::string& path,
                                                                     Problems& problems) const {
  const std::string kind = InterfaceName<Interface>::value;
  internal::check_kind(kind);
  const Node* type = internal::component_type(kind, node, path, problems);
  if (type == nullptr) return nullptr;
  const auto found = entries_.find(type->text());
  if (found != entries_.end()) return &found->second;
  internal::report_unknown(kind, type->text(), type->mark(),
                           node.is_map() ? joined_path(path, "type") : path, problems);
  return nullptr;
}

template <class Interface>
std::shared_ptr<const Interface> Registry<Interface>::build(const Node& node,
                                                            const std::string& path,
                                                            Problems& problems) const {
  const Entry* entry = find(node, path, problems);
  if (entry == nullptr) return nullptr;
  return entry->build(node.is_map() ? node : Node::null(node.mark()), path, problems);
}

template <class Interface>
Node Registry<Interface>::resolve(const Node& node, const std::string& path,
                                  Problems& problems) const {
  const Entry* entry = find(node, path, problems);
  if (entry == nullptr) return Node();
  return entry->resolve(node.is_map() ? node : Node::null(node.mark()), path, problems);
}

}  // namespace tightrope
