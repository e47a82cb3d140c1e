// SPDX-License-Identifier: Apache-2.0
// Copies of trees with parts replaced.
#include <fmt/format.h>

#include <charconv>

#include "core/base/check.h"
#include "core/config/node.h"

namespace tightrope {
namespace {

// The index a path segment names, when it is a plain number.
std::optional<std::size_t> segment_index(std::string_view segment) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(segment.data(), segment.data() + segment.size(), index);
  if (error != std::errc() || end != segment.data() + segment.size()) return std::nullopt;
  return index;
}

// Splits off the first segment; `rest` becomes empty with the last one.
std::string_view take_segment(std::string_view& rest) {
  const std::size_t dot = rest.find('.');
  const std::string_view segment = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  return segment;
}

Node replaced(const Node& tree, std::string_view rest, std::string_view whole, const Node& value) {
  if (rest.empty()) return value;
  const std::string_view segment = take_segment(rest);
  TR_REQUIRE(!segment.empty(), "{}: empty segment in a path of keys", whole);
  if (tree.is_sequence()) {
    const std::optional<std::size_t> index = segment_index(segment);
    TR_REQUIRE(index.has_value(), "{}: \"{}\" must be an index, because a list stands there", whole,
               segment);
    TR_REQUIRE(*index < tree.items().size(), "{}: index {} is past the end of a list of {}", whole,
               *index, tree.items().size());
    std::vector<Node> items = tree.items();
    items[*index] = replaced(items[*index], rest, whole, value);
    return Node::sequence(std::move(items), tree.mark());
  }
  TR_REQUIRE(!tree.is_scalar(), "{}: \"{}\" cannot be a key of the value \"{}\"", whole, segment,
             tree.text());
  std::vector<NodeEntry> entries = tree.entries();
  for (NodeEntry& entry : entries) {
    if (entry.key != segment) continue;
    entry.value = replaced(entry.value, rest, whole, value);
    return Node::map(std::move(entries), tree.mark());
  }
  entries.push_back({std::string(segment), value.mark(), replaced(Node(), rest, whole, value)});
  return Node::map(std::move(entries), tree.is_null() ? value.mark() : tree.mark());
}

}  // namespace

Node with_value(const Node& tree, std::string_view dotted_path, const Node& value) {
  TR_REQUIRE(dotted_path.empty() || dotted_path.back() != '.',
             "{}: empty segment in a path of keys", dotted_path);
  return replaced(tree, dotted_path, dotted_path, value);
}

const Node* at_path(const Node& tree, std::string_view dotted_path) {
  const Node* node = &tree;
  while (node != nullptr && !dotted_path.empty()) {
    const std::string_view segment = take_segment(dotted_path);
    if (node->is_sequence()) {
      const std::optional<std::size_t> index = segment_index(segment);
      node = index && *index < node->items().size() ? &node->items()[*index] : nullptr;
    } else {
      node = node->find(segment);
    }
  }
  return node;
}

Node merged(const Node& base, const Node& patch) {
  if (!base.is_map() || !patch.is_map()) return patch;
  std::vector<NodeEntry> entries = base.entries();
  const std::size_t known = entries.size();
  for (const NodeEntry& change : patch.entries()) {
    std::size_t i = 0;
    while (i < known && entries[i].key != change.key) ++i;
    if (i == known) {
      entries.push_back(change);
    } else {
      entries[i] = {change.key, change.key_mark, merged(entries[i].value, change.value)};
    }
  }
  return Node::map(std::move(entries), patch.mark());
}

}  // namespace tightrope
