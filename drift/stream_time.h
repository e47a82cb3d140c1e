// SPDX-License-Identifier: Apache-2.0
// A point in stream time as users write it: a step (0, 200, ...) or `end`.
#pragma once

#include <cstdint>
#include <string>

#include "core/api/drift_process.h"
#include "core/config/node.h"

namespace tightrope {

struct StreamTime {
  bool at_end = false;
  std::int64_t step = 0;
  // The step; `end` is the clock's horizon.
  std::int64_t on(const DriftClock& clock) const { return at_end ? clock.horizon : step; }
};

// Why a node is no time ("at = soon: must be a step >= 0 or end"), or an empty string.
std::string time_violation(const std::string& key, const Node& node);

// Throws InputError with time_violation's text.
StreamTime parse_time(const std::string& key, const Node& node);

}  // namespace tightrope
