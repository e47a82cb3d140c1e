// SPDX-License-Identifier: Apache-2.0
// What a pullback is given of some cases of a batch.
#pragma once

#include "core/api/token_batch.h"
#include "core/api/waist.h"

namespace tightrope {

// Cases [first, first + cases) of a batch with the step's data; the quantities are left empty.
inline Group case_group(const TokenBatch& batch, int first, int cases, const TokenData& data) {
  const int trajectory = batch.group_begin[first], last = batch.group_begin[first + cases];
  const int begin = batch.offset[trajectory], end = batch.offset[last];
  Group out;
  out.first_case = first;
  out.first_trajectory = trajectory;
  out.group_begin = std::span(batch.group_begin).subspan(first, cases + 1);
  out.offset = std::span(batch.offset).subspan(trajectory, last - trajectory + 1);
  out.mask = std::span(batch.mask).subspan(begin, end - begin);
  out.data = data.part(begin, end);
  out.tokens = std::span(batch.tokens).subspan(begin, end - begin);
  return out;
}

}  // namespace tightrope
