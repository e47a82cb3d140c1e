// SPDX-License-Identifier: Apache-2.0
#include "core/text/meteor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <vector>

#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr double kAlpha = 0.9;
constexpr double kBeta = 3;
constexpr double kGamma = 0.5;

double score_of(TokenSpan hypothesis, TokenSpan reference) {
  const MeteorAlignment alignment = meteor_alignment(hypothesis, reference);
  if (alignment.matches == 0) return 0;
  const auto matches = static_cast<double>(alignment.matches);
  const double precision = matches / static_cast<double>(hypothesis.size());
  const double recall = matches / static_cast<double>(reference.size());
  const double mean = precision * recall / (kAlpha * precision + (1 - kAlpha) * recall);
  const double fragmentation = static_cast<double>(alignment.chunks) / matches;
  return (1 - kGamma * std::pow(fragmentation, kBeta)) * mean;
}

}  // namespace

MeteorAlignment meteor_alignment(TokenSpan hypothesis, TokenSpan reference) {
  std::unordered_map<std::int32_t, std::vector<std::int64_t>> free_places;  // ascending
  for (std::size_t j = 0; j < reference.size(); ++j) {
    free_places[reference[j]].push_back(static_cast<std::int64_t>(j));
  }
  MeteorAlignment out;
  constexpr std::int64_t kNone = -1;
  std::int64_t next = kNone;  // where the hypothesis' next token is matched
  for (std::size_t i = hypothesis.size(); i-- > 0;) {
    const auto places = free_places.find(hypothesis[i]);
    if (places == free_places.end() || places->second.empty()) {
      next = kNone;
      continue;
    }
    const std::int64_t place = places->second.back();
    places->second.pop_back();
    ++out.matches;
    if (next == kNone || place + 1 != next) ++out.chunks;
    next = place;
  }
  return out;
}

double sentence_meteor(TokenSpan hypothesis, ReferenceSpan references) {
  TR_CHECK(!references.empty(), "a hypothesis without references");
  double best = 0;
  for (TokenSpan reference : references) best = std::max(best, score_of(hypothesis, reference));
  return best;
}

void MeteorSums::add(TokenSpan hypothesis, ReferenceSpan references) {
  const double score = sentence_meteor(hypothesis, references);
  *this += MeteorSums{1, score};
}

MeteorSums& MeteorSums::operator+=(const MeteorSums& other) {
  pairs += other.pairs;
  sum += other.sum;
  return *this;
}

double MeteorSums::score() const {
  return pairs > 0 ? sum / static_cast<double>(pairs) : std::numeric_limits<double>::quiet_NaN();
}

double corpus_meteor(std::span<const TextPair> pairs) {
  MeteorSums sums;
  for (const TextPair& pair : pairs) sums.add(pair.hypothesis, pair.references);
  return sums.score();
}

}  // namespace tightrope
