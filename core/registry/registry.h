// SPDX-License-Identifier: Apache-2.0
// One registry per interface. A component registers itself on the last lines of its .cc:
//
//   TR_REGISTER(DriftProcess, Sudden, "sudden", "moves a factor at one step", "ours");
//
// where the class has `struct Params`, `static Schema<Params> schema()` and a constructor
// `explicit Sudden(Params)`. Registration stores values only; a duplicate name or a defective
// schema is remembered and reported at the first lookup, with both source files.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/config/node.h"
#include "core/config/problems.h"
#include "core/config/schema.h"

namespace tightrope {

// What `list`, `describe` and the generated reference know of a component.
struct ComponentInfo {
  std::string kind;      // "drift", "policy", ...
  std::string name;      // lower_snake, equal to the file's name
  std::string summary;   // one line
  std::string citation;  // paper and equation, or "ours"
  std::string file;      // source file, relative to the project
  std::vector<FieldInfo> fields;
};

// The word of an interface in YAML and on the command line; specialise beside the interface:
//   template <> struct InterfaceName<DriftProcess> { static constexpr auto value = "drift"; };
template <class Interface>
struct InterfaceName;

// Type-erased list of everything registered, in order of (kind, name): for `list` and the docs.
std::vector<ComponentInfo> all_components();

// Throws InternalError naming every defect seen at registration, of every interface.
void check_registrations();

namespace internal {

// Throws InternalError when a registration of this kind is defective.
void check_kind(const std::string& kind);
// The node that names the component: `node` itself or its key "type"; null after a problem.
const Node* component_type(const std::string& kind, const Node& node, const std::string& path,
                           Problems& problems);
void remember_component(ComponentInfo info, const std::vector<std::string>& defects);
// Adds "unknown drift "x"; did you mean ...; known: a, b" to problems.
void report_unknown(const std::string& kind, const std::string& name, const Mark& mark,
                    const std::string& path, Problems& problems);

}  // namespace internal

template <class Interface>
class Registry {
 public:
  // Builds from the mapping of the component; problems go to the list and give a null pointer.
  using Builder =
      std::function<std::shared_ptr<const Interface>(const Node&, const std::string&, Problems&)>;
  // The mapping with all defaults filled in and `type` first.
  using Resolver = std::function<Node(const Node&, const std::string&, Problems&)>;

  struct Entry {
    Builder build;
    Resolver resolve;
  };

  static Registry& get() {
    static Registry registry;
    return registry;
  }

  template <class Component>
  bool add(const std::string& name, const std::string& summary, const std::string& citation,
           const std::string& file);

  std::vector<std::string> names() const;

  // `node` is {type: NAME, ...} or the bare string NAME. Unknown names and bad parameters are added
  // to `problems`; the result is then null.
  std::shared_ptr<const Interface> build(const Node& node, const std::string& path,
                                         Problems& problems) const;
  Node resolve(const Node& node, const std::string& path, Problems& problems) const;

 private:
  const Entry* find(const Node& node, const std::string& path, Problems& problems) const;
  std::map<std::string, Entry> entries_;
};

}  // namespace tightrope

#include "core/registry/registry_inl.h"

#define TR_REGISTER(Interface, Component, name, summary, citation)                             \
  [[maybe_unused]] static const bool tr_registered_##Component =                               \
      ::tightrope::Registry<Interface>::get().template add<Component>(name, summary, citation, \
                                                                      __FILE__)
