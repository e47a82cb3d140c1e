// SPDX-License-Identifier: Apache-2.0
#include "core/config/field_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/strings.h"

namespace tightrope {
namespace {

void refuse(const Node& node, const std::string& type, const FieldOptions& options,
            const std::string& path, Problems& problems) {
  std::string hint;
  if (!options.choices.empty() && node.is_scalar()) {
    hint = did_you_mean(node.text(), options.choices);
  }
  problems.add(
      node.mark(), path,
      fmt::format("expected {}, got {}{}", expected_text(type, options), shown(node), hint));
}

// An integer that fits `Integer` and lies in the range.
template <class Integer>
std::optional<Integer> parse_integer(const Node& node, const FieldOptions& options,
                                     const std::string& path, Problems& problems) {
  const std::optional<std::int64_t> value = node.as_integer();
  const bool fits = value && *value >= std::numeric_limits<Integer>::min() &&
                    *value <= std::numeric_limits<Integer>::max();
  if (!fits && node.as_number() && std::floor(*node.as_number()) == *node.as_number() &&
      std::abs(*node.as_number()) > 1e9) {
    problems.add(node.mark(), path,
                 fmt::format("expected {}, got {}, which is too large for this field",
                             expected_text("integer", options), shown(node)));
    return std::nullopt;
  }
  if (!fits || !options.range.contains(static_cast<double>(*value))) {
    refuse(node, "integer", options, path, problems);
    return std::nullopt;
  }
  return static_cast<Integer>(*value);
}

std::string with_article(const std::string& type) {
  if (type.starts_with("true") || type.starts_with("text") || type.starts_with("any")) return type;
  return (type.starts_with("integer") ? "an " : "a ") + type;
}

std::string flow_text(const Node& node) {
  if (node.is_null()) return "null";
  if (node.is_scalar()) return yaml_text(node.text(), node.quoted());
  std::vector<std::string> parts;
  for (const Node& item : node.items()) parts.push_back(flow_text(item));
  for (const NodeEntry& entry : node.entries()) {
    parts.push_back(yaml_text(entry.key, false) + ": " + flow_text(entry.value));
  }
  return fmt::format("{}{}{}", node.is_map() ? "{" : "[", join(parts, ", "),
                     node.is_map() ? "}" : "]");
}

}  // namespace

std::string field_text(const Node& value) { return flow_text(value); }

std::string expected_text(const std::string& type, const FieldOptions& options) {
  if (!options.choices.empty()) {
    const std::string head = type.starts_with("list") ? "a list of these: " : "one of ";
    return head + join(options.choices, ", ");
  }
  std::string text = with_article(type);
  const std::string range = options.range.text();
  if (range != "any") text += (type.starts_with("list") ? ", each " : " ") + range;
  if (!options.unit.empty() && options.unit != "1") text += " (unit: " + options.unit + ")";
  return text;
}

std::string FieldType<double>::name() { return "number"; }

Node FieldType<double>::to_node(const double& value) {
  if (std::isinf(value)) return Node::scalar(value > 0 ? ".inf" : "-.inf");
  return Node::scalar(std::isnan(value) ? ".nan" : number_text(value));
}

std::optional<double> FieldType<double>::parse(const Node& node, const FieldOptions& options,
                                               const std::string& path, Problems& problems) {
  const std::optional<double> value = node.as_number();
  if (value && options.range.contains(*value)) return value;
  refuse(node, name(), options, path, problems);
  return std::nullopt;
}

std::string FieldType<int>::name() { return "integer"; }
Node FieldType<int>::to_node(const int& value) { return Node::scalar(std::to_string(value)); }
std::optional<int> FieldType<int>::parse(const Node& node, const FieldOptions& options,
                                         const std::string& path, Problems& problems) {
  return parse_integer<int>(node, options, path, problems);
}

std::string FieldType<std::int64_t>::name() { return "integer"; }
Node FieldType<std::int64_t>::to_node(const std::int64_t& value) {
  return Node::scalar(std::to_string(value));
}
std::optional<std::int64_t> FieldType<std::int64_t>::parse(const Node& node,
                                                           const FieldOptions& options,
                                                           const std::string& path,
                                                           Problems& problems) {
  return parse_integer<std::int64_t>(node, options, path, problems);
}

std::string FieldType<bool>::name() { return "true or false"; }
Node FieldType<bool>::to_node(const bool& value) { return Node::scalar(value ? "true" : "false"); }
std::optional<bool> FieldType<bool>::parse(const Node& node, const FieldOptions& options,
                                           const std::string& path, Problems& problems) {
  const std::optional<bool> value = node.as_boolean();
  if (!value) refuse(node, name(), options, path, problems);
  return value;
}

std::string FieldType<std::string>::name() { return "text"; }
Node FieldType<std::string>::to_node(const std::string& value) { return text_node(value); }
std::optional<std::string> FieldType<std::string>::parse(const Node& node,
                                                         const FieldOptions& options,
                                                         const std::string& path,
                                                         Problems& problems) {
  const std::vector<std::string>& choices = options.choices;
  const bool allowed =
      choices.empty() || std::find(choices.begin(), choices.end(), node.text()) != choices.end();
  if (node.is_scalar() && allowed) return node.text();
  refuse(node, name(), options, path, problems);
  return std::nullopt;
}

std::string FieldType<Node>::name() { return "any"; }
Node FieldType<Node>::to_node(const Node& value) { return value; }
std::optional<Node> FieldType<Node>::parse(const Node& node, const FieldOptions&,
                                           const std::string&, Problems&) {
  return node;
}

}  // namespace tightrope
