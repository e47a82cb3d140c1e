// SPDX-License-Identifier: Apache-2.0
#include "core/stats/run_length.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>
#include <limits>

#include "core/base/check.h"
#include "core/stats/interval.h"

namespace tightrope {

Estimate mean_run_length(std::span<const std::int64_t> lengths, std::int64_t cap, double level) {
  TR_CHECK(!lengths.empty() && cap >= 1, "{} lengths, cap {}", lengths.size(), cap);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto n = static_cast<double>(lengths.size());
  double samples = 0, events = 0;
  for (const std::int64_t length : lengths) {
    samples += static_cast<double>(std::min(length, cap));
    events += length <= cap ? 1 : 0;
  }
  if (events == 0) return {kInfinity, samples, kInfinity};
  const double mean = samples / events;
  double squares = 0;
  for (const std::int64_t length : lengths) {
    const double rest = static_cast<double>(std::min(length, cap)) - (length <= cap ? mean : 0);
    squares += rest * rest;
  }
  if (lengths.size() < 2) return {mean, std::nan(""), std::nan("")};
  const double error = std::sqrt(squares / (n - 1) / n) / (events / n);
  const double half = t_quantile((1 + level) / 2, n - 1) * error;
  return {mean, std::max(0.0, mean - half), mean + half};
}

Estimate run_length_quantile(std::span<const std::int64_t> lengths, std::int64_t cap,
                             double probability, double level) {
  TR_CHECK(!lengths.empty() && probability > 0 && probability < 1, "{} lengths, {}", lengths.size(),
           probability);
  std::vector<std::int64_t> sorted(lengths.begin(), lengths.end());
  std::ranges::sort(sorted);
  const auto n = static_cast<double>(sorted.size());
  const auto at = [&](double rank) -> double {  // from 1
    if (rank < 1) return std::nan("");
    if (rank > n) return std::numeric_limits<double>::infinity();
    const std::int64_t value = sorted[static_cast<std::size_t>(rank) - 1];
    return value <= cap ? static_cast<double>(value) : std::numeric_limits<double>::infinity();
  };
  // With B lengths below the quantile, B ~ Binomial(n, probability), rank l is at most the quantile
  // where B >= l, and rank u at least it where B < u.
  const boost::math::binomial law(n, probability);
  const double tail = (1 - level) / 2;
  double low = std::floor(n * probability), high = low + 1;
  while (low >= 1 && cdf(law, low - 1) > tail) --low;
  while (high <= n && cdf(complement(law, high - 1)) > tail) ++high;
  return {at(std::max(1.0, std::ceil(n * probability))), at(low), at(high)};
}

}  // namespace tightrope
