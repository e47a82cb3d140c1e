// SPDX-License-Identifier: Apache-2.0
// ROUGE-L: the longest common subsequence of two texts as precision, recall and F-measure.
// P = LCS / |hypothesis|, R = LCS / |reference|, F = (1 + beta^2) P R / (R + beta^2 P), beta = 1,
// all in [0, 1] and 0 when there is no common token.
// Source: Lin, ROUGE, ACL workshop 2004. Variant: rougeL of Google's rouge-score, no stemmer.
#pragma once

#include <cstdint>
#include <span>

#include "core/text/ngram.h"

namespace tightrope {

// Length of the longest common subsequence; |a| |b| steps.
std::int64_t longest_common_subsequence(TokenSpan a, TokenSpan b);

struct RougeL {
  double precision = 0;
  double recall = 0;
  double f_measure = 0;
};

// Sums over pairs; the corpus score is the mean over pairs (a reordering may change the last bits).
struct RougeLSums {
  std::int64_t pairs = 0;
  RougeL sum;

  void add(TokenSpan hypothesis, ReferenceSpan references);
  RougeLSums& operator+=(const RougeLSums& other);
  RougeL score() const;  // NaN without pairs
};

// Of several references the first with the highest F.
RougeL sentence_rouge_l(TokenSpan hypothesis, ReferenceSpan references);
RougeL corpus_rouge_l(std::span<const TextPair> pairs);

}  // namespace tightrope
