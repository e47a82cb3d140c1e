// SPDX-License-Identifier: Apache-2.0
#include "policies/transformer/autograd/padded_tokens.h"

#include <algorithm>

namespace tightrope {

PaddedTokens::PaddedTokens(const TransformerShape& shape, int lane_count, int sequence_count,
                           int longest)
    : lanes(lane_count), sequences(sequence_count), length(longest) {
  const std::size_t size = at(lanes, 0, 0);
  images.assign(static_cast<std::size_t>(lanes) * sequences * shape.channels, 0.0F);
  tokens.assign(size, 0);
  targets.assign(size, 0);
  begin.assign(size, 0);
  end.assign(size, shape.vocabulary.size());
}

void PaddedTokens::set(const TransformerShape& shape, int l, int n, std::span<const float> image,
                       std::span<const Token> ids) {
  shape.check_length(ids.size());
  std::copy(image.begin(), image.end(),
            images.begin() + (static_cast<std::ptrdiff_t>(l) * sequences + n) * shape.channels);
  Grammar::State state = Grammar::start();
  for (std::size_t t = 0; t < ids.size(); ++t) {
    if (t > 0) state = shape.grammar.next(state, ids[t]);
    const TokenRange range = shape.grammar.allowed(state);
    const std::size_t index = at(l, n, static_cast<int>(t));
    tokens[index] = ids[t];
    targets[index] = t + 1 < ids.size() ? ids[t + 1] : 0;
    begin[index] = range.begin;
    end[index] = range.end;
  }
}

}  // namespace tightrope
