// SPDX-License-Identifier: Apache-2.0
// `to:` of a drift process: the state a factor's tables move to.
//
//   to: uniform             each row of a simplex table is equal
//   to: reversed            the first axis runs backwards (sites swap their laws)
//   to: permuted            the last axis is permuted, the same way in every row, never trivially
//   to: {rewired: 0.3}      per disease, each associated attribute swaps its probability with a
//                           random irrelevant one with probability 0.3
//   to: 0.1                 every entry
//   to: {scale: 2}          times 2
//   to: {shift: -0.5}       plus -0.5
//   to: [[0.1, 0.9], ...]   the whole table, nested by its axes or flat
#pragma once

#include <string>
#include <vector>

#include "core/api/world_params.h"
#include "core/config/node.h"
#include "core/random/stream.h"

namespace tightrope {

enum class TargetKind { kUniform, kReversed, kPermuted, kRewired, kNumber, kScale, kShift, kTable };

struct Target {
  TargetKind kind = TargetKind::kUniform;
  double number = 0;           // of rewired, number, scale, shift
  std::vector<double> values;  // of a table, row-major
  std::vector<int> shape;      // of a table, as nested; {n} when flat
  std::string text;            // as written, for messages
};

// Why a node is no target ("to = fast: must be ..."), or an empty string.
std::string target_violation(const Node& node);

// Throws InputError with target_violation's text.
Target parse_target(const Node& node);

// Why the target cannot be that of the table ("table noise is a single number"), or an empty
// string.
std::string misfit(const Target& target, const Table& table);

// The target state of one table, [like table.values]. `stream` is the process's path; permuted and
// rewired draw from its child by the table's name. Throws InputError naming the table when the
// target does not fit it.
std::vector<double> resolve_target(const Target& target, const Table& table, const Stream& stream);

}  // namespace tightrope
