// SPDX-License-Identifier: Apache-2.0
// What a policy reads: the images of some cases and their trajectories, ragged and flattened.
// Positions come from lengths, never from token ids; there is no padding.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/api/cases.h"

namespace tightrope {

// B cases, N trajectories, trajectories of one case contiguous (a group), M tokens in all. A unit
// is what a loss looks at together: one case, or several where a pair spans two images.
struct TokenBatch {
  int channels = 0;
  std::vector<float> images;              // [B, C]
  std::vector<std::int32_t> group_begin;  // [B + 1] first trajectory of each case
  std::vector<std::int32_t> unit_begin;   // [U + 1] first case of each unit
  std::vector<std::int32_t> offset;       // [N + 1] first token of each trajectory
  std::vector<Token> tokens;              // [M]
  std::vector<std::uint8_t> mask;         // [M] 1 = scored target; 0 at every first token

  int cases() const { return static_cast<int>(group_begin.size()) - 1; }
  int units() const { return static_cast<int>(unit_begin.size()) - 1; }
  int trajectories() const { return static_cast<int>(offset.size()) - 1; }
  int length(int n) const { return offset[n + 1] - offset[n]; }
  std::span<const float> image(int b) const {
    return std::span(images).subspan(static_cast<std::size_t>(b) * channels, channels);
  }
  std::span<const Token> tokens_of(int n) const {
    return std::span(tokens).subspan(offset[n], length(n));
  }

  // Empties the batch, keeping memory.
  void clear(int channel_count);
  // Starts the next case's group; `joins`: in the unit of the case before.
  void add_case(std::span<const float> image, bool joins = false);
  // Adds a trajectory to the current case.
  void add(const Trajectory& trajectory);
};

}  // namespace tightrope
