// SPDX-License-Identifier: Apache-2.0
#include "drift/stream_time.h"

#include "core/base/check.h"
#include "core/config/problems.h"

namespace tightrope {
namespace {

bool is_end(const Node& node) { return node.is_scalar() && node.text() == "end"; }

bool is_step(const Node& node) { return node.as_integer() && *node.as_integer() >= 0; }

}  // namespace

std::string time_violation(const std::string& key, const Node& node) {
  if (is_end(node) || is_step(node)) return "";
  return fmt::format("{} = {}: must be a step (an integer >= 0) or end", key, shown(node));
}

StreamTime parse_time(const std::string& key, const Node& node) {
  TR_REQUIRE(is_end(node) || is_step(node), "{}", time_violation(key, node));
  if (is_end(node)) return {.at_end = true};
  return {.at_end = false, .step = *node.as_integer()};
}

}  // namespace tightrope
