// SPDX-License-Identifier: Apache-2.0
// A schema says how a mapping becomes a params struct: one line per field with name, member, unit,
// range and help. The in-class default of the member is the only place where a default is written.
//
//   struct Params { double beta = 0.1; };
//   static Schema<Params> schema() {
//     Schema<Params> s;
//     s.field("beta", &Params::beta,
//             {.unit = "1", .range = greater_than(0), .help = "strength", .per_lane = true});
//     return s;
//   }
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/field_options.h"
#include "core/config/field_types.h"
#include "core/config/node.h"
#include "core/config/problems.h"

namespace tightrope {

template <class Params>
class Schema {
 public:
  // `Owner` is Params or a base of it.
  template <class T, class Owner>
  void field(const std::string& name, T Owner::*member, FieldOptions options);

  // A rule over several fields, checked after all were read; returns the text of the violation,
  // "field = value violates rule", or an empty string.
  void check(std::function<std::string(const Params&)> rule) { rules_.push_back(std::move(rule)); }

  const std::vector<FieldInfo>& fields() const { return infos_; }

  // Reads a mapping strictly: unknown key (nearest name, then all keys), wrong type, out of range,
  // missing required key are added to `problems` with positions. Keys in `ignored` are skipped
  // (such as "type"). A null node reads as an empty mapping.
  Params read(const Node& node, const std::string& path, Problems& problems,
              const std::vector<std::string>& ignored = {}) const;

  // Every default and option in order: a problem text per field whose help or unit is missing or
  // whose default lies outside its own range or choices.
  std::vector<std::string> defects() const { return defects_; }

  // The values of all fields, in order.
  Node values(const Params& params) const;

 private:
  struct Access {
    std::function<void(const Node&, const std::string&, Params&, Problems&)> read;
    std::function<Node(const Params&)> value;
  };
  std::vector<FieldInfo> infos_;
  std::vector<Access> access_;
  std::vector<std::function<std::string(const Params&)>> rules_;
  std::vector<std::string> defects_;
};

// The mapping of the resolved values (defaults filled in), in schema order: what logs store.
template <class Params>
Node resolved(const Schema<Params>& schema, const Params& params);

}  // namespace tightrope

#include "core/config/schema_inl.h"
