// SPDX-License-Identifier: Apache-2.0
#include "core/text/rouge.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "core/base/check.h"

namespace tightrope {

std::int64_t longest_common_subsequence(TokenSpan a, TokenSpan b) {
  // best[j] = length for the tokens of a read so far and the first j of b.
  std::vector<std::int64_t> best(b.size() + 1, 0);
  for (std::int32_t token : a) {
    std::int64_t diagonal = 0;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::int64_t above = best[j];
      best[j] = token == b[j - 1] ? diagonal + 1 : std::max(above, best[j - 1]);
      diagonal = above;
    }
  }
  return best.back();
}

RougeL sentence_rouge_l(TokenSpan hypothesis, ReferenceSpan references) {
  TR_CHECK(!references.empty(), "a hypothesis without references");
  RougeL best;
  for (TokenSpan reference : references) {
    const auto common = static_cast<double>(longest_common_subsequence(hypothesis, reference));
    if (common == 0) continue;
    const double precision = common / static_cast<double>(hypothesis.size());
    const double recall = common / static_cast<double>(reference.size());
    const double f_measure = 2 * precision * recall / (precision + recall);
    if (f_measure > best.f_measure) best = {precision, recall, f_measure};
  }
  return best;
}

void RougeLSums::add(TokenSpan hypothesis, ReferenceSpan references) {
  const RougeL score = sentence_rouge_l(hypothesis, references);
  *this += RougeLSums{1, score};
}

RougeLSums& RougeLSums::operator+=(const RougeLSums& other) {
  pairs += other.pairs;
  sum.precision += other.sum.precision;
  sum.recall += other.sum.recall;
  sum.f_measure += other.sum.f_measure;
  return *this;
}

RougeL RougeLSums::score() const {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  if (pairs == 0) return {kNan, kNan, kNan};
  const auto n = static_cast<double>(pairs);
  return {sum.precision / n, sum.recall / n, sum.f_measure / n};
}

RougeL corpus_rouge_l(std::span<const TextPair> pairs) {
  RougeLSums sums;
  for (const TextPair& pair : pairs) sums.add(pair.hypothesis, pair.references);
  return sums.score();
}

}  // namespace tightrope
