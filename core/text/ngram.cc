// SPDX-License-Identifier: Apache-2.0
#include "core/text/ngram.h"

#include <algorithm>

namespace tightrope {

std::vector<NgramCount> ngram_counts(TokenSpan tokens) {
  std::vector<Ngram> all;
  all.reserve(kMaxNgramOrder * tokens.size());
  for (int order = 1; order <= kMaxNgramOrder; ++order) {
    for (std::size_t i = 0; i + order <= tokens.size(); ++i) {
      Ngram& ngram = all.emplace_back();
      ngram.order = order;
      std::copy_n(tokens.begin() + static_cast<std::ptrdiff_t>(i), order, ngram.tokens.begin());
    }
  }
  std::sort(all.begin(), all.end());
  std::vector<NgramCount> out;
  for (const Ngram& ngram : all) {
    if (out.empty() || out.back().ngram != ngram) out.push_back({ngram, 0});
    ++out.back().count;
  }
  return out;
}

std::int64_t count_of(std::span<const NgramCount> counts, const Ngram& ngram) {
  const auto at = std::lower_bound(counts.begin(), counts.end(), ngram,
                                   [](const NgramCount& a, const Ngram& b) { return a.ngram < b; });
  return at != counts.end() && at->ngram == ngram ? at->count : 0;
}

}  // namespace tightrope
