// SPDX-License-Identifier: Apache-2.0
// Parser events into our own tree, with every limit checked while reading, so that no input can
// make a large tree first and be refused afterwards.
#pragma once

#include "core/config/yaml_guard.h"

namespace tightrope::internal {

inline constexpr std::size_t kMostNodes = 200'000;  // after aliases are expanded
inline constexpr std::size_t kDeepest = 64;         // nested lists and mappings
inline constexpr std::size_t kLongestKey = 256;     // bytes

// The tree of the one document in `source`; what is wrong goes to `problems`.
Node build_tree(const SourceText& source, Problems& problems);

}  // namespace tightrope::internal
