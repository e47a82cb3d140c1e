// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>
#include <optional>

#include "core/base/check.h"
#include "core/config/problems.h"
#include "drift/target.h"

namespace tightrope {
namespace {

constexpr const char* kAllowed =
    "uniform, reversed, permuted, a number, {scale: x}, {shift: x}, {rewired: fraction in [0, 1]} "
    "or the table's values as nested lists of numbers";

std::optional<double> finite_number(const Node& node) {
  const std::optional<double> value = node.as_number();
  return value && std::isfinite(*value) ? value : std::nullopt;
}

// Flattens nested lists; false when ragged or when an element is no number.
bool flatten(const Node& node, std::size_t depth, Target& target) {
  if (!node.is_sequence()) {
    const std::optional<double> value = finite_number(node);
    if (!value || depth != target.shape.size()) return false;
    target.values.push_back(*value);
    return true;
  }
  const int length = static_cast<int>(node.items().size());
  if (length == 0) return false;
  if (depth == target.shape.size() && target.values.empty()) target.shape.push_back(length);
  if (depth >= target.shape.size() || target.shape[depth] != length) return false;
  for (const Node& item : node.items()) {
    if (!flatten(item, depth + 1, target)) return false;
  }
  return true;
}

std::optional<Target> read_word(const Node& node) {
  static const std::map<std::string, TargetKind> words = {{"uniform", TargetKind::kUniform},
                                                          {"reversed", TargetKind::kReversed},
                                                          {"permuted", TargetKind::kPermuted}};
  Target target;
  target.text = node.text();
  if (const std::optional<double> value = finite_number(node)) {
    target.kind = TargetKind::kNumber;
    target.number = *value;
    return target;
  }
  const auto word = words.find(node.text());
  if (word == words.end()) return std::nullopt;
  target.kind = word->second;
  return target;
}

std::optional<Target> read_map(const Node& node) {
  static const std::map<std::string, TargetKind> keys = {{"scale", TargetKind::kScale},
                                                         {"shift", TargetKind::kShift},
                                                         {"rewired", TargetKind::kRewired}};
  if (node.entries().size() != 1) return std::nullopt;
  const NodeEntry& entry = node.entries()[0];
  const auto key = keys.find(entry.key);
  const std::optional<double> value = finite_number(entry.value);
  if (key == keys.end() || !value) return std::nullopt;
  if (key->second == TargetKind::kRewired && (*value < 0 || *value > 1)) return std::nullopt;
  Target target;
  target.kind = key->second;
  target.number = *value;
  target.text = "{" + entry.key + ": " + entry.value.text() + "}";
  return target;
}

std::optional<Target> read(const Node& node) {
  if (node.is_scalar()) return read_word(node);
  if (node.is_map()) return read_map(node);
  Target target;
  target.kind = TargetKind::kTable;
  target.text = "a table";
  if (node.is_sequence() && flatten(node, 0, target)) return target;
  return std::nullopt;
}

}  // namespace

std::string target_violation(const Node& node) {
  if (read(node)) return "";
  const std::string seen = node.is_map() ? to_json(node) : shown(node);
  return fmt::format("to = {}: must be {}{}", seen, kAllowed,
                     node.is_scalar()
                         ? did_you_mean(node.text(), {"uniform", "reversed", "permuted"})
                         : std::string());
}

Target parse_target(const Node& node) {
  std::optional<Target> target = read(node);
  TR_REQUIRE(target.has_value(), "{}", target_violation(node));
  return *target;
}

}  // namespace tightrope
