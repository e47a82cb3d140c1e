// SPDX-License-Identifier: Apache-2.0
#include "core/text/bleu.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>
#include <vector>

#include "core/base/check.h"

namespace tightrope {
namespace {

std::int64_t closest_length(std::int64_t length, ReferenceSpan references) {
  std::pair<std::int64_t, std::int64_t> best = {std::numeric_limits<std::int64_t>::max(), 0};
  for (TokenSpan reference : references) {
    const auto candidate = static_cast<std::int64_t>(reference.size());
    best = std::min(best, {std::abs(candidate - length), candidate});
  }
  return best.second;
}

}  // namespace

void BleuCounts::add(TokenSpan hypothesis, ReferenceSpan references) {
  TR_CHECK(!references.empty(), "a hypothesis without references");
  std::vector<std::vector<NgramCount>> reference_counts;
  for (TokenSpan reference : references) reference_counts.push_back(ngram_counts(reference));
  for (const auto& [ngram, count] : ngram_counts(hypothesis)) {
    std::int64_t most = 0;
    for (const auto& counts : reference_counts) most = std::max(most, count_of(counts, ngram));
    matches[ngram.order - 1] += std::min(count, most);
  }
  const auto length = static_cast<std::int64_t>(hypothesis.size());
  for (int n = 0; n < kMaxNgramOrder; ++n) ngrams[n] += std::max<std::int64_t>(1, length - n);
  hypothesis_length += length;
  reference_length += closest_length(length, references);
  ++pairs;
}

BleuCounts& BleuCounts::operator+=(const BleuCounts& other) {
  pairs += other.pairs;
  for (int n = 0; n < kMaxNgramOrder; ++n) {
    matches[n] += other.matches[n];
    ngrams[n] += other.ngrams[n];
  }
  hypothesis_length += other.hypothesis_length;
  reference_length += other.reference_length;
  return *this;
}

double BleuCounts::score(int order) const {
  TR_CHECK(order >= 1 && order <= kMaxNgramOrder, "BLEU of order {}", order);
  if (pairs == 0) return std::numeric_limits<double>::quiet_NaN();
  double log_score = 0;
  for (int n = 0; n < order; ++n) {
    if (matches[n] == 0) return 0;
    log_score += std::log(static_cast<double>(matches[n]) / static_cast<double>(ngrams[n])) / order;
  }
  const double ratio =
      static_cast<double>(reference_length) / static_cast<double>(hypothesis_length);
  return std::exp(std::min(0.0, 1 - ratio) + log_score);
}

double sentence_bleu(TokenSpan hypothesis, ReferenceSpan references, int order) {
  BleuCounts counts;
  counts.add(hypothesis, references);
  return counts.score(order);
}

double corpus_bleu(std::span<const TextPair> pairs, int order) {
  BleuCounts counts;
  for (const TextPair& pair : pairs) counts.add(pair.hypothesis, pair.references);
  return counts.score(order);
}

}  // namespace tightrope
