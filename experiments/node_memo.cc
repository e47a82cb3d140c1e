// SPDX-License-Identifier: Apache-2.0
#include "experiments/node_memo.h"

namespace tightrope {

const std::string& remembered_json(const Node& node) {
  thread_local NodeMemo<std::string> memo;
  const std::string* known = memo.find(node);
  return known != nullptr ? *known : memo.keep(node, to_json(node));
}

}  // namespace tightrope
