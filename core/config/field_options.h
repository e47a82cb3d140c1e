// SPDX-License-Identifier: Apache-2.0
// What the declaration of a field says: its range, unit, help and choices.
#pragma once

#include <limits>
#include <string>
#include <vector>

namespace tightrope {

// An interval of numbers; open ends by the flags.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false;
  bool high_open = false;

  bool contains(double value) const;
  std::string text() const;  // "in [0, 1)", ">= 0", "> 0", "any"
};

Range any_number();
Range at_least(double low);
Range greater_than(double low);
Range at_most(double high);
Range between(double low, double high);       // closed
Range between_open(double low, double high);  // open on both sides
Range from_until(double low, double high);    // [low, high)

struct FieldOptions {
  std::string unit = "";  // "1" for dimensionless, "step", "nat", ...; numbers need one
  Range range{};          // for numbers and each element of lists of numbers
  std::string help = "";  // one line; empty fails registration
  bool per_lane = false;  // may differ between lanes of one pack
  bool required = false;  // no default: the key must be written
  std::vector<std::string> choices{};  // allowed values of a string (or of each element)
};

// What `describe`, docs and messages know of a field.
struct FieldInfo {
  std::string name;
  std::string type;          // "number", "integer", "true or false", "text", "list of numbers", ...
  std::string default_text;  // as YAML; "" when required
  FieldOptions options;
};

// The C++ types a field may have: double, int, std::int64_t, bool, std::string,
// std::optional<double>, std::optional<std::int64_t>, std::optional<std::string>,
// std::vector<double>, std::vector<std::int64_t>, std::vector<std::string>, Node (any subtree).
template <class T>
struct FieldType;  // name(), to_node(value), parse(node, options, path, problems) -> optional<T>

}  // namespace tightrope
