// SPDX-License-Identifier: Apache-2.0
#include "experiments/node_memo.h"

#include "core/base/hash.h"

namespace tightrope {

std::uint64_t remembered_hash(const Node& node) {
  thread_local NodeMemo<std::uint64_t> memo;
  const std::uint64_t* known = memo.find(node);
  return known != nullptr ? *known : memo.keep(node, hash64(to_json(node)));
}

}  // namespace tightrope
