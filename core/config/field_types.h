// SPDX-License-Identifier: Apache-2.0
// How each C++ type of a field is named, read strictly and written. A list is never made of a lone
// value, a number never of quoted text, an integer never of a fraction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/config/field_options.h"
#include "core/config/node.h"
#include "core/config/problems.h"

namespace tightrope {

// A value as YAML on one line, for descriptions: 0.1, .inf, "7", [1, 2], null.
std::string field_text(const Node& value);

// "a number > 0 (unit: nat)": what a field of this type allows; the head of every message.
std::string expected_text(const std::string& type, const FieldOptions& options);

#define TR_FIELD_TYPE(Type)                                                         \
  template <>                                                                       \
  struct FieldType<Type> {                                                          \
    static std::string name();                                                      \
    static Node to_node(const Type& value);                                         \
    static std::optional<Type> parse(const Node& node, const FieldOptions& options, \
                                     const std::string& path, Problems& problems);  \
  }
TR_FIELD_TYPE(double);
TR_FIELD_TYPE(int);
TR_FIELD_TYPE(std::int64_t);
TR_FIELD_TYPE(bool);
TR_FIELD_TYPE(std::string);
TR_FIELD_TYPE(Node);
#undef TR_FIELD_TYPE

// null in YAML is the empty optional.
template <class T>
struct FieldType<std::optional<T>> {
  static std::string name() { return FieldType<T>::name() + " or null"; }
  static Node to_node(const std::optional<T>& value) {
    return value ? FieldType<T>::to_node(*value) : Node();
  }
  static std::optional<std::optional<T>> parse(const Node& node, const FieldOptions& options,
                                               const std::string& path, Problems& problems) {
    if (node.is_null()) return std::optional<T>();
    std::optional<T> value = FieldType<T>::parse(node, options, path, problems);
    if (!value) return std::nullopt;
    return std::optional<std::optional<T>>(std::move(value));
  }
};

// A list; the range and the choices hold for each element.
template <class T>
struct FieldType<std::vector<T>> {
  static std::string name();
  static Node to_node(const std::vector<T>& values) {
    std::vector<Node> items;
    for (const T& value : values) items.push_back(FieldType<T>::to_node(value));
    return Node::sequence(std::move(items));
  }
  static std::optional<std::vector<T>> parse(const Node& node, const FieldOptions& options,
                                             const std::string& path, Problems& problems) {
    if (!node.is_sequence()) {
      problems.add(node.mark(), path,
                   "expected " + expected_text(name(), options) + ", got " + shown(node));
      return std::nullopt;
    }
    std::vector<T> values;
    for (std::size_t i = 0; i < node.items().size(); ++i) {
      std::optional<T> value = FieldType<T>::parse(node.items()[i], options,
                                                   joined_path(path, std::to_string(i)), problems);
      if (value) values.push_back(std::move(*value));
    }
    if (values.size() < node.items().size()) return std::nullopt;
    return values;
  }
};

template <>
inline std::string FieldType<std::vector<double>>::name() {
  return "list of numbers";
}
template <>
inline std::string FieldType<std::vector<int>>::name() {
  return "list of integers";
}
template <>
inline std::string FieldType<std::vector<std::int64_t>>::name() {
  return "list of integers";
}
template <>
inline std::string FieldType<std::vector<std::string>>::name() {
  return "list of texts";
}

}  // namespace tightrope
