// SPDX-License-Identifier: Apache-2.0
#include "core/api/token_batch.h"

#include "core/base/check.h"

namespace tightrope {

void TokenBatch::clear(int channel_count) {
  channels = channel_count;
  images.clear();
  group_begin.assign(1, 0);
  unit_begin.assign(1, 0);
  offset.assign(1, 0);
  tokens.clear();
  mask.clear();
}

void TokenBatch::add_case(std::span<const float> image, bool joins) {
  TR_DCHECK(static_cast<int>(image.size()) == channels, "{} of {}", image.size(), channels);
  images.insert(images.end(), image.begin(), image.end());
  group_begin.push_back(group_begin.back());
  TR_DCHECK(!joins || units() > 0, "the first case begins a unit");
  if (joins) {
    ++unit_begin.back();
  } else {
    unit_begin.push_back(cases());
  }
}

void TokenBatch::add(const Trajectory& trajectory) {
  TR_DCHECK(trajectory.tokens.size() == trajectory.mask.size(), "mask length");
  tokens.insert(tokens.end(), trajectory.tokens.begin(), trajectory.tokens.end());
  mask.insert(mask.end(), trajectory.mask.begin(), trajectory.mask.end());
  offset.push_back(static_cast<std::int32_t>(tokens.size()));
  ++group_begin.back();
}

}  // namespace tightrope
