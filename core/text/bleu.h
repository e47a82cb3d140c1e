// SPDX-License-Identifier: Apache-2.0
// BLEU-1..4: the geometric mean of clipped n-gram precisions, times a penalty for short texts.
// BLEU-N = BP exp( (1/N) sum_{n=1..N} ln p_n ), in [0, 1],
// p_n = matches / n-grams of the hypotheses, BP = min(1, exp(1 - r / c)),
// c = tokens of the hypotheses, r = tokens of their references closest in length.
// Source: Papineni et al., BLEU, ACL 2002. Variant: nltk's corpus_bleu without smoothing.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/text/ngram.h"

namespace tightrope {

// Counts add up over pairs; the score of the sums is the corpus score, not a mean of sentences.
struct BleuCounts {
  std::int64_t pairs = 0;
  // Per order: n-grams that also stand in a reference, each at most as often as in the one where it
  // is most frequent.
  std::array<std::int64_t, kMaxNgramOrder> matches{};
  // Per order: n-grams of the hypotheses. As in nltk, a hypothesis too short to hold one counts 1,
  // so that short texts lower p_n; the paper counts 0.
  std::array<std::int64_t, kMaxNgramOrder> ngrams{};
  std::int64_t hypothesis_length = 0;  // c
  std::int64_t reference_length = 0;   // r; of two equally close references the shorter

  void add(TokenSpan hypothesis, ReferenceSpan references);
  BleuCounts& operator+=(const BleuCounts& other);

  // BLEU-`order`, 1 <= order <= 4. Exactly 0 when an order <= N has no match (nltk: below 1e-70);
  // so an identical text of fewer than N tokens gets 0. NaN without pairs.
  double score(int order) const;

  bool operator==(const BleuCounts&) const = default;
};

double sentence_bleu(TokenSpan hypothesis, ReferenceSpan references, int order);
double corpus_bleu(std::span<const TextPair> pairs, int order);

}  // namespace tightrope
