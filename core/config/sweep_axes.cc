// SPDX-License-Identifier: Apache-2.0
#include "core/config/sweep_axes.h"

#include <fmt/format.h>

#include "core/base/strings.h"

namespace tightrope::internal {
namespace {

bool check_path(const NodeEntry& entry, const std::string& where, Problems& problems) {
  if (is_dotted_path(entry.key)) return true;
  problems.add(entry.key_mark, where,
               fmt::format("expected a path of keys such as rft.optimizer.beta, got {}",
                           shown_text(entry.key)));
  return false;
}

// One row {dotted.path: value, ...}; `node` may be empty (the experiment as it is).
SweepRow read_row(const Node& node, const std::string& where, Problems& problems) {
  SweepRow row;
  if (!node.is_map() && !node.is_null()) {
    problems.add(node.mark(), where,
                 "expected a mapping of paths of keys to values, got " + shown(node));
  }
  for (const NodeEntry& entry : node.entries()) {
    if (check_path(entry, where, problems)) row.overrides.emplace_back(entry.key, entry.value);
  }
  return row;
}

// The entries of a member that must be a mapping with at least one key.
const std::vector<NodeEntry>& entries_of(const Node& node, const std::string& where,
                                         const std::string& form, Problems& problems) {
  if (node.entries().empty()) {
    problems.add(
        node.mark(), where,
        fmt::format("expected {}, got {}", form, node.is_map() ? "no entries" : shown(node)));
  }
  return node.entries();
}

SweepAxis arms_axis(const Node& node, const std::string& where, Problems& problems) {
  SweepAxis axis{"arms", node.mark(), {}};
  for (const NodeEntry& entry :
       entries_of(node, where, "{name: {path: value, ...}, ...}", problems)) {
    SweepRow row = read_row(entry.value, joined_path(where, entry.key), problems);
    row.arm = Node::scalar(entry.key, true, entry.key_mark);
    axis.rows.push_back(std::move(row));
  }
  return axis;
}

// A non-empty list of values, or a problem.
bool check_values(const NodeEntry& entry, const std::string& where, Problems& problems) {
  if (!entry.value.items().empty()) return true;
  problems.add(entry.value.mark(), joined_path(where, entry.key),
               "expected a list of values, got " +
                   (entry.value.is_sequence() ? "an empty list" : shown(entry.value)));
  return false;
}

void add_grid(const Node& node, const std::string& where, std::vector<SweepAxis>& axes,
              Problems& problems) {
  for (const NodeEntry& entry : entries_of(node, where, "{path: [values], ...}", problems)) {
    if (!check_path(entry, where, problems) || !check_values(entry, where, problems)) continue;
    SweepAxis axis{"grid", entry.key_mark, {}};
    for (const Node& value : entry.value.items()) axis.rows.push_back({{{entry.key, value}}, {}});
    axes.push_back(std::move(axis));
  }
}

SweepAxis zip_axis(const Node& node, const std::string& where, Problems& problems) {
  SweepAxis axis{"zip", node.mark(), {}};
  const NodeEntry* first = nullptr;
  for (const NodeEntry& entry : entries_of(node, where, "{path: [values], ...}", problems)) {
    if (!check_path(entry, where, problems) || !check_values(entry, where, problems)) continue;
    const std::vector<Node>& values = entry.value.items();
    if (first == nullptr) {
      first = &entry;
      axis.rows.resize(values.size());
    }
    if (values.size() != axis.rows.size()) {
      problems.add(entry.value.mark(), joined_path(where, entry.key),
                   fmt::format("lists of a zip must have equal lengths: {} values here, {} in {}",
                               values.size(), axis.rows.size(), first->key));
      continue;
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      axis.rows[i].overrides.emplace_back(entry.key, values[i]);
    }
  }
  return axis;
}

SweepAxis list_axis(const Node& node, const std::string& where, Problems& problems) {
  SweepAxis axis{"list", node.mark(), {}};
  if (node.items().empty()) {
    problems.add(node.mark(), where,
                 "expected [{path: value, ...}, ...], got " +
                     (node.is_sequence() ? "an empty list" : shown(node)));
  }
  for (std::size_t i = 0; i < node.items().size(); ++i) {
    axis.rows.push_back(read_row(node.items()[i], joined_path(where, std::to_string(i)), problems));
  }
  return axis;
}

}  // namespace

bool lies_in(std::string_view path, std::string_view outer) {
  return path.starts_with(outer) && (path.size() == outer.size() || path[outer.size()] == '.');
}

const Node* find_override(const Overrides& overrides, std::string_view name) {
  for (auto it = overrides.rbegin(); it != overrides.rend(); ++it) {
    if (!lies_in(name, it->first)) continue;
    if (name.size() == it->first.size()) return &it->second;
    return at_path(it->second, name.substr(it->first.size() + 1));
  }
  return nullptr;
}

bool is_dotted_path(const std::string& text) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  for (const std::string& segment : split(text, '.')) {
    if (segment.empty() || segment.find_first_not_of(kAllowed) != std::string::npos) return false;
  }
  return true;
}

std::vector<SweepAxis> sweep_axes(const Node& block, const std::string& path, Problems& problems) {
  std::vector<SweepAxis> axes;
  if (const Node* set = block.find("set")) {
    const std::string where = joined_path(path, "set");
    entries_of(*set, where, "{path: value, ...}", problems);
    axes.push_back({"set", set->mark(), {read_row(*set, where, problems)}});
  }
  if (const Node* arms = block.find("arms")) {
    axes.push_back(arms_axis(*arms, joined_path(path, "arms"), problems));
  }
  if (const Node* grid = block.find("grid")) {
    add_grid(*grid, joined_path(path, "grid"), axes, problems);
  }
  if (const Node* zip = block.find("zip")) {
    axes.push_back(zip_axis(*zip, joined_path(path, "zip"), problems));
  }
  if (const Node* list = block.find("list")) {
    axes.push_back(list_axis(*list, joined_path(path, "list"), problems));
  }
  if (const Node* random = block.find("random")) {
    axes.push_back(random_axis(*random, joined_path(path, "random"), problems));
  }
  return axes;
}

}  // namespace tightrope::internal
