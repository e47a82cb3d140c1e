// SPDX-License-Identifier: Apache-2.0
// The templates of schema.h; everything that does not depend on a type is in schema.cc.
#pragma once

#include "core/config/schema.h"

namespace tightrope {
namespace internal {

// What is wrong with a field's declaration; `default_problems` comes from reading its own default.
std::vector<std::string> field_defects(const std::vector<FieldInfo>& earlier, const FieldInfo& info,
                                       const Problems& default_problems);

// Walks the keys of `node` against the fields: calls `read_field(index, value, path)` for known
// ones, reports unknown, missing and ignored ones as Schema::read says.
void read_fields(
    const std::vector<FieldInfo>& fields, const Node& node, const std::string& path,
    const std::vector<std::string>& ignored, Problems& problems,
    const std::function<void(std::size_t, const Node&, const std::string&)>& read_field);

// A mapping of field names to values.
Node named_values(const std::vector<FieldInfo>& fields, std::vector<Node> values);

}  // namespace internal

template <class Params>
template <class T, class Owner>
void Schema<Params>::field(const std::string& name, T Owner::*member, FieldOptions options) {
  T Params::*const place = member;
  FieldInfo info;
  info.name = name;
  info.type = FieldType<T>::name();
  info.options = std::move(options);
  const Node default_value = FieldType<T>::to_node(Params{}.*place);
  Problems default_problems;
  if (!info.options.required) {
    info.default_text = field_text(default_value);
    FieldType<T>::parse(default_value, info.options, "", default_problems);
  }
  for (std::string& defect : internal::field_defects(infos_, info, default_problems)) {
    defects_.push_back(std::move(defect));
  }
  const FieldOptions& kept = info.options;
  access_.push_back(
      {[place, kept](const Node& node, const std::string& path, Params& params,
                     Problems& problems) {
         auto value = FieldType<T>::parse(node, kept, path, problems);
         if (value) params.*place = std::move(*value);
       },
       [place](const Params& params) { return FieldType<T>::to_node(params.*place); }});
  infos_.push_back(std::move(info));
}

template <class Params>
Params Schema<Params>::read(const Node& node, const std::string& path, Problems& problems,
                            const std::vector<std::string>& ignored) const {
  Params params{};
  const std::size_t before = problems.size();
  internal::read_fields(infos_, node, path, ignored, problems,
                        [&](std::size_t i, const Node& value, const std::string& where) {
                          access_[i].read(value, where, params, problems);
                        });
  if (problems.size() > before) return params;
  for (const auto& rule : rules_) {
    if (const std::string violation = rule(params); !violation.empty()) {
      problems.add(node.mark(), path, violation);
    }
  }
  return params;
}

template <class Params>
Node Schema<Params>::values(const Params& params) const {
  std::vector<Node> values;
  values.reserve(access_.size());
  for (const Access& access : access_) values.push_back(access.value(params));
  return internal::named_values(infos_, std::move(values));
}

template <class Params>
Node resolved(const Schema<Params>& schema, const Params& params) {
  return schema.values(params);
}

}  // namespace tightrope
