// SPDX-License-Identifier: Apache-2.0
// METEOR: matched tokens as a mean that favours recall, lowered when the matches lie in pieces.
// score = (1 - gamma (chunks / matches)^beta) P R / (alpha P + (1 - alpha) R), in [0, 1),
// P = matches / |hypothesis|, R = matches / |reference|, alpha = 0.9, beta = 3, gamma = 0.5.
// An identical text of L tokens gets 1 - 0.5 / L^3: even one chunk is a piece.
// Source: Lavie and Agarwal, METEOR, WMT 2007. Variant: nltk's meteor_score with exact matches
// alone (no stemmer, no synonyms).
#pragma once

#include <cstdint>
#include <span>

#include "core/text/ngram.h"

namespace tightrope {

// As in nltk the k-th last occurrence of a token in the hypothesis is matched to its k-th last in
// the reference; this does not search for the fewest crossings, as the paper does.
struct MeteorAlignment {
  std::int64_t matches = 0;
  std::int64_t chunks = 0;  // runs of matches that are adjacent and in order in both texts

  bool operator==(const MeteorAlignment&) const = default;
};

MeteorAlignment meteor_alignment(TokenSpan hypothesis, TokenSpan reference);

// Sums over pairs; the corpus score is the mean over pairs (a reordering may change the last bits).
struct MeteorSums {
  std::int64_t pairs = 0;
  double sum = 0;

  void add(TokenSpan hypothesis, ReferenceSpan references);
  MeteorSums& operator+=(const MeteorSums& other);
  double score() const;  // NaN without pairs
};

// The best over the references; 0 without a match.
double sentence_meteor(TokenSpan hypothesis, ReferenceSpan references);
double corpus_meteor(std::span<const TextPair> pairs);

}  // namespace tightrope
