// SPDX-License-Identifier: Apache-2.0
#include "core/stats/aggregate.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/base/check.h"
#include "core/stats/interval.h"

namespace tightrope {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Scores finite_scores(const Scores& scores) {
  Scores out;
  for (const std::vector<double>& stratum : scores) out.push_back(finite_values(stratum));
  return out;
}

std::size_t fewest_runs(const Scores& scores) {
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const std::vector<double>& stratum : scores) least = std::min(least, stratum.size());
  return scores.empty() ? 0 : least;
}

// Every stratum drawn anew with replacement, into `to` of the same shape.
void resample(const Scores& from, Draws& draws, Scores& to) {
  for (std::size_t s = 0; s < from.size(); ++s) {
    const auto n = static_cast<std::uint32_t>(from[s].size());
    for (double& value : to[s]) value = from[s][draws.below(n)];
  }
}

double pooled_mean(const Scores& scores) {
  std::vector<double> all;
  for (const std::vector<double>& stratum : scores) {
    all.insert(all.end(), stratum.begin(), stratum.end());
  }
  return interquartile_mean(all);
}

double improvement(const Scores& x, const Scores& y) {
  double sum = 0;
  for (std::size_t s = 0; s < x.size(); ++s) {
    std::int64_t twice = 0;
    for (double a : x[s]) {
      for (double b : y[s]) twice += (a > b) + (a >= b);
    }
    sum += static_cast<double>(twice) / (2.0 * static_cast<double>(x[s].size() * y[s].size()));
  }
  return sum / static_cast<double>(x.size());
}

}  // namespace

double interquartile_mean(std::span<const double> values) {
  if (values.empty()) return kNan;
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const auto cut = static_cast<std::ptrdiff_t>(sorted.size() / 4);
  return std::accumulate(sorted.begin() + cut, sorted.end() - cut, 0.0) /
         static_cast<double>(sorted.size() - 2 * static_cast<std::size_t>(cut));
}

BoundedEstimate interquartile_mean(const Scores& scores, const Stream& stream, double level,
                                   int resamples) {
  const Scores finite = finite_scores(scores);
  BoundedEstimate out{pooled_mean(finite), {kNan, kNan}};
  if (fewest_runs(finite) < 2) return out;
  Scores drawn = finite;
  std::vector<double> replicates;
  for (int r = 0; r < resamples; ++r) {
    Draws draws = stream.at(static_cast<std::uint32_t>(r));
    resample(finite, draws, drawn);
    replicates.push_back(pooled_mean(drawn));
  }
  out.bounds = percentile_bounds(std::move(replicates), level);
  return out;
}

BoundedEstimate probability_of_improvement(const Scores& x, const Scores& y, const Stream& stream,
                                           double level, int resamples) {
  TR_CHECK(x.size() == y.size(), "{} strata against {}", x.size(), y.size());
  const Scores first = finite_scores(x), second = finite_scores(y);
  const std::size_t fewest = std::min(fewest_runs(first), fewest_runs(second));
  BoundedEstimate out{fewest == 0 ? kNan : improvement(first, second), {kNan, kNan}};
  if (fewest < 2) return out;
  Scores drawn_first = first, drawn_second = second;
  std::vector<double> replicates;
  for (int r = 0; r < resamples; ++r) {
    Draws draws = stream.at(static_cast<std::uint32_t>(r));
    resample(first, draws, drawn_first);
    resample(second, draws, drawn_second);
    replicates.push_back(improvement(drawn_first, drawn_second));
  }
  out.bounds = percentile_bounds(std::move(replicates), level);
  return out;
}

}  // namespace tightrope
