// SPDX-License-Identifier: Apache-2.0
// Remembers what was computed from configuration nodes. The points of a sweep share most of their
// tree, so that planning reads every distinct part once.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>

#include "core/config/node.h"

namespace tightrope {

// Keyed by the node itself, not by its text; forgets everything when `capacity` is reached.
template <class Value>
class NodeMemo {
 public:
  explicit NodeMemo(std::size_t capacity = 256) : capacity_(capacity) {}

  // The remembered value, or null.
  const Value* find(const Node& node) const {
    const auto found = values_.find(node.identity());
    return found == values_.end() ? nullptr : &found->second.second;
  }
  const Value& keep(const Node& node, Value value) {
    if (values_.size() >= capacity_) values_.clear();
    return values_.insert_or_assign(node.identity(), std::pair(node, std::move(value)))
        .first->second.second;
  }

 private:
  std::size_t capacity_;
  // The node is kept so that no other one can get its identity.
  std::unordered_map<const void*, std::pair<Node, Value>> values_;
};

// hash64 of the node's JSON, remembered per thread.
std::uint64_t remembered_hash(const Node& node);

}  // namespace tightrope
