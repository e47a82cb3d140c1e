// SPDX-License-Identifier: Apache-2.0
// The seeds of an experiment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/config/node.h"
#include "core/config/problems.h"

namespace tightrope {

// Exploration seeds choose settings, confirmation seeds make the tables. Without the two words all
// seeds confirm.
struct Seeds {
  std::vector<std::uint64_t> explore;
  std::vector<std::uint64_t> confirm;
};

// Reads `7`, `0..9` (both ends included), a list of these, or {explore: ..., confirm: ...}. Seeds
// are integers in [0, 2^53], each at most once, at most 1,000,000.
Seeds parse_seeds(const Node& node, Problems& problems, const std::string& path = "seeds");

}  // namespace tightrope
