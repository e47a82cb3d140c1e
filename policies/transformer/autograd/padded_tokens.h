// SPDX-License-Identifier: Apache-2.0
// Token sequences of several lanes, padded to one length.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "policies/transformer/shape.h"

namespace tightrope {

// L lanes of N sequences of at most T tokens. Padding follows the tokens, so causal attention never
// lets it be seen.
struct PaddedTokens {
  PaddedTokens(const TransformerShape& shape, int lanes, int sequences, int length);

  // Sequence n of lane l.
  void set(const TransformerShape& shape, int l, int n, std::span<const float> image,
           std::span<const Token> ids);
  std::size_t at(int l, int n, int t) const {
    return (static_cast<std::size_t>(l) * sequences + n) * length + t;
  }

  int lanes;
  int sequences;
  int length;
  std::vector<float> images;          // [L, N, C]
  std::vector<std::int64_t> tokens;   // [L, N, T]; padding: 0
  std::vector<std::int64_t> targets;  // [L, N, T] the token after; 0 behind the last
  // The tokens allowed after each, [begin, end); all of them in the padding. [L, N, T]
  std::vector<std::int64_t> begin, end;
};

}  // namespace tightrope
