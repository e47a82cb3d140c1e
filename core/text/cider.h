// SPDX-License-Identifier: Apache-2.0
// CIDEr-D: how similar two texts are in the n-grams that are rare among all references.
// CIDEr-D = 10 / (4 m) sum_{n=1..4} sum_{j=1..m} exp(-(l - l_j)^2 / (2 sigma^2))
//           min(g_n, g_nj) . g_nj / (|g_n| |g_nj|), in [0, 10],
// m references, l and l_j tokens, sigma = 6, g_n[w] = count of w (ln N - ln max(1, df_w)),
// df_w = cases, of N, that have w in a reference.
// Source: Vedantam et al., CIDEr, CVPR 2015. Variant: pycocoevalcap's cider_scorer, which calls
// this form CIDEr and counts lengths in bigrams (the same differences wherever a score is > 0).
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "core/text/ngram.h"

namespace tightrope {

// First pass over a corpus. What stands in every case weighs 0, so a corpus of one case scores 0.
struct CiderFrequencies {
  std::int64_t cases = 0;                // N
  std::map<Ngram, std::int64_t> number;  // df

  void add(ReferenceSpan references);
  CiderFrequencies& operator+=(const CiderFrequencies& other);
  double weight(const Ngram& ngram) const;  // >= 0; ln N when no reference has it

  bool operator==(const CiderFrequencies&) const = default;
};

// Second pass: sums over pairs; the corpus score is the mean over pairs (a reordering may change
// the last bits).
struct CiderSums {
  std::int64_t pairs = 0;
  double sum = 0;

  void add(const CiderFrequencies& frequencies, TokenSpan hypothesis, ReferenceSpan references);
  CiderSums& operator+=(const CiderSums& other);
  double score() const;  // NaN without pairs
};

// `frequencies` of at least one case. Orders that either text is too short for add 0.
double sentence_cider(const CiderFrequencies& frequencies, TokenSpan hypothesis,
                      ReferenceSpan references);
// Both passes, with the frequencies of the pairs' own references.
double corpus_cider(std::span<const TextPair> pairs);

}  // namespace tightrope
