// SPDX-License-Identifier: Apache-2.0
#include "core/text/cider.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr double kSigma = 6;
constexpr double kScale = 10;

struct WeightedText {
  std::vector<NgramCount> counts;
  std::vector<double> value;  // g_n, beside `counts`
  std::array<double, kMaxNgramOrder> norm{};
  double length = 0;
};

WeightedText weighted(const CiderFrequencies& frequencies, TokenSpan tokens) {
  WeightedText out;
  out.counts = ngram_counts(tokens);
  for (const auto& [ngram, count] : out.counts) {
    const double value = static_cast<double>(count) * frequencies.weight(ngram);
    out.value.push_back(value);
    out.norm[ngram.order - 1] += value * value;
  }
  for (double& norm : out.norm) norm = std::sqrt(norm);
  out.length = static_cast<double>(tokens.size());
  return out;
}

// The mean over the orders.
double similarity(const WeightedText& hypothesis, const WeightedText& reference) {
  std::array<double, kMaxNgramOrder> product{};
  std::size_t r = 0;
  for (std::size_t h = 0; h < hypothesis.counts.size(); ++h) {
    const Ngram& ngram = hypothesis.counts[h].ngram;
    while (r < reference.counts.size() && reference.counts[r].ngram < ngram) ++r;
    if (r == reference.counts.size()) break;
    if (reference.counts[r].ngram != ngram) continue;
    const double value = reference.value[r];
    product[ngram.order - 1] += std::min(hypothesis.value[h], value) * value;
  }
  double sum = 0;
  for (int n = 0; n < kMaxNgramOrder; ++n) {
    const double norms = hypothesis.norm[n] * reference.norm[n];
    if (norms > 0) sum += product[n] / norms;
  }
  const double difference = hypothesis.length - reference.length;
  return std::exp(-difference * difference / (2 * kSigma * kSigma)) * sum / kMaxNgramOrder;
}

}  // namespace

void CiderFrequencies::add(ReferenceSpan references) {
  TR_CHECK(!references.empty(), "a case without references");
  std::set<Ngram> found;
  for (TokenSpan reference : references) {
    for (const NgramCount& entry : ngram_counts(reference)) found.insert(entry.ngram);
  }
  for (const Ngram& ngram : found) ++number[ngram];
  ++cases;
}

CiderFrequencies& CiderFrequencies::operator+=(const CiderFrequencies& other) {
  cases += other.cases;
  for (const auto& [ngram, count] : other.number) number[ngram] += count;
  return *this;
}

double CiderFrequencies::weight(const Ngram& ngram) const {
  TR_CHECK(cases > 0, "document frequencies of no case");
  const auto at = number.find(ngram);
  const std::int64_t count = at == number.end() ? 1 : at->second;
  return std::log(static_cast<double>(cases)) - std::log(static_cast<double>(count));
}

double sentence_cider(const CiderFrequencies& frequencies, TokenSpan hypothesis,
                      ReferenceSpan references) {
  TR_CHECK(!references.empty(), "a hypothesis without references");
  TR_CHECK(frequencies.cases > 0, "document frequencies of no case");
  const WeightedText text = weighted(frequencies, hypothesis);
  double sum = 0;
  for (TokenSpan reference : references) sum += similarity(text, weighted(frequencies, reference));
  return kScale * sum / static_cast<double>(references.size());
}

void CiderSums::add(const CiderFrequencies& frequencies, TokenSpan hypothesis,
                    ReferenceSpan references) {
  const double score = sentence_cider(frequencies, hypothesis, references);
  *this += CiderSums{1, score};
}

CiderSums& CiderSums::operator+=(const CiderSums& other) {
  pairs += other.pairs;
  sum += other.sum;
  return *this;
}

double CiderSums::score() const {
  return pairs > 0 ? sum / static_cast<double>(pairs) : std::numeric_limits<double>::quiet_NaN();
}

double corpus_cider(std::span<const TextPair> pairs) {
  CiderFrequencies frequencies;
  for (const TextPair& pair : pairs) frequencies.add(pair.references);
  CiderSums sums;
  for (const TextPair& pair : pairs) sums.add(frequencies, pair.hypothesis, pair.references);
  return sums.score();
}

}  // namespace tightrope
