// SPDX-License-Identifier: Apache-2.0
#include "analysis/ledger/sequence_sums.h"

#include <cmath>
#include <limits>
#include <numeric>

#include "core/stats/interval.h"

namespace tightrope {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLevel = 0.975;

struct Moments {
  double mean = 0, variance = 0;  // variance: n - 1; NaN for one value
};

Moments moments(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  Moments out;
  out.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double x : values) squares += (x - out.mean) * (x - out.mean);
  out.variance = values.size() > 1 && std::isfinite(squares) ? squares / (n - 1) : kNan;
  return out;
}

}  // namespace

MeanOverProbes::MeanOverProbes(std::size_t probes)
    : factor_(probes > 1 ? t_quantile(kLevel, static_cast<double>(probes - 1)) /
                               std::sqrt(static_cast<double>(probes))
                         : kNan) {}

Estimate MeanOverProbes::operator()(std::span<const double> values) const {
  const Moments m = moments(values);
  return {m.mean, factor_ * std::sqrt(m.variance)};
}

Estimate difference_of_means(std::span<const double> a, std::span<const double> b) {
  const Moments x = moments(a), y = moments(b);
  const auto n = static_cast<double>(a.size()), m = static_cast<double>(b.size());
  const double u = x.variance / n, v = y.variance / m;
  Estimate out{x.mean - y.mean, kNan};
  if (u + v == 0) out.half_width = 0;
  if (!(u + v > 0)) return out;
  const double freedom = (u + v) * (u + v) / (u * u / (n - 1) + v * v / (m - 1));
  out.half_width = t_quantile(kLevel, freedom) * std::sqrt(u + v);
  return out;
}

}  // namespace tightrope
