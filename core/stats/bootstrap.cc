// SPDX-License-Identifier: Apache-2.0
#include "core/stats/bootstrap.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/base/check.h"
#include "core/stats/interval.h"

namespace tightrope {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Of sorted values, linear between neighbours (R's type 7, NumPy's default).
double quantile(const std::vector<double>& sorted, double probability) {
  const double place = probability * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
}

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double acceleration(std::span<const double> jackknife) {
  const double centre = mean(jackknife);
  double squares = 0, cubes = 0;
  for (double value : jackknife) {
    const double influence = centre - value;
    squares += influence * influence;
    cubes += influence * influence * influence;
  }
  return cubes / (6 * std::pow(squares, 1.5));
}

}  // namespace

Stream statistics_stream() { return Stream(0, Purpose::kStatistics, 0); }

Bounds percentile_bounds(std::vector<double> replicates, double level) {
  TR_CHECK(level > 0 && level < 1, "interval level {}", level);
  if (replicates.empty()) return {kNan, kNan};
  std::sort(replicates.begin(), replicates.end());
  return {quantile(replicates, (1 - level) / 2), quantile(replicates, (1 + level) / 2)};
}

Bounds bca_bounds(std::vector<double> replicates, double estimate,
                  std::span<const double> jackknife, double level) {
  TR_CHECK(level > 0 && level < 1, "interval level {}", level);
  const auto [least, greatest] = std::minmax_element(jackknife.begin(), jackknife.end());
  if (jackknife.size() < 2 || replicates.empty()) return {kNan, kNan};
  if (*least == *greatest) return {estimate, estimate};
  std::sort(replicates.begin(), replicates.end());
  const auto [first, last] = std::equal_range(replicates.begin(), replicates.end(), estimate);
  const double share =
      static_cast<double>((first - replicates.begin()) + (last - replicates.begin())) /
      (2 * static_cast<double>(replicates.size()));
  if (share <= 0 || share >= 1) return {kNan, kNan};
  const boost::math::normal law;
  const double bias = boost::math::quantile(law, share);
  const double a = acceleration(jackknife);
  const auto end = [&](double probability) {
    const double shifted = bias + boost::math::quantile(law, probability);
    return quantile(replicates, boost::math::cdf(law, bias + shifted / (1 - a * shifted)));
  };
  return {end((1 - level) / 2), end((1 + level) / 2)};
}

Bounds bca_interval(std::span<const double> values, const Stream& stream, double level,
                    int resamples) {
  const std::vector<double> finite = finite_values(values);
  const auto n = static_cast<std::uint32_t>(finite.size());
  if (n < 2) return {kNan, kNan};
  const double total = std::accumulate(finite.begin(), finite.end(), 0.0);
  const double estimate = total / n;
  double size = 0;
  for (double value : finite) size += std::abs(value);
  std::vector<double> replicates(static_cast<std::size_t>(resamples));
  for (std::size_t r = 0; r < replicates.size(); ++r) {
    Draws draws = stream.at(static_cast<std::uint32_t>(r));
    double sum = 0;
    for (std::uint32_t i = 0; i < n; ++i) sum += finite[draws.below(n)];
    // The order of adding must not decide whether a resample lies below the estimate.
    replicates[r] = std::abs(sum - total) <= 1e-12 * size ? estimate : sum / n;
  }
  std::vector<double> jackknife;
  for (double value : finite) jackknife.push_back((total - value) / (n - 1));
  return bca_bounds(std::move(replicates), estimate, jackknife, level);
}

}  // namespace tightrope
