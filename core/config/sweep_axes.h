// SPDX-License-Identifier: Apache-2.0
// The members of a sweep block as axes: lists of rows, of which the block is the product.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/node.h"
#include "core/config/problems.h"

namespace tightrope::internal {

using Overrides = std::vector<std::pair<std::string, Node>>;

// The value `name` has under the overrides, the later the stronger: of the path itself or of a key
// inside of an overridden mapping; a null pointer when none of them sets it.
const Node* find_override(const Overrides& overrides, std::string_view name);

// Whether `path` lies inside of `outer` or is it.
bool lies_in(std::string_view path, std::string_view outer);

struct SweepRow {
  Overrides overrides;
  Node arm;  // its name, for rows of `arms`
};

struct SweepAxis {
  std::string member;  // "arms", "grid", ...
  Mark mark;
  std::vector<SweepRow> rows;
};

// The axes of a block in product order; `block` is a mapping.
std::vector<SweepAxis> sweep_axes(const Node& block, const std::string& path, Problems& problems);

// The axis of `random:`: `count` rows; every path has random numbers of its own, so that adding a
// path leaves the values of the others as they were.
SweepAxis random_axis(const Node& random, const std::string& path, Problems& problems);

// Whether the text is a path of keys: segments of letters, digits, _ and - joined by dots.
bool is_dotted_path(const std::string& text);

}  // namespace tightrope::internal
