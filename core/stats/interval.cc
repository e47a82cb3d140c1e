// SPDX-License-Identifier: Apache-2.0
#include "core/stats/interval.h"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

std::vector<double> finite_values(std::span<const double> values) {
  std::vector<double> out;
  for (double value : values) {
    if (std::isfinite(value)) out.push_back(value);
  }
  return out;
}

double t_quantile(double probability, double freedom) {
  TR_CHECK(freedom > 0 && probability > 0 && probability < 1, "t quantile {} at {}", probability,
           freedom);
  return boost::math::quantile(boost::math::students_t(freedom), probability);
}

Interval mean_interval(std::span<const double> values, double level) {
  Interval out;
  double sum = 0;
  for (double value : values) {
    if (!std::isfinite(value)) continue;
    sum += value;
    ++out.n;
  }
  out.mean = out.n > 0 ? sum / out.n : kNan;
  out.deviation = kNan;
  out.half_width = kNan;
  if (out.n < 2) return out;
  double squares = 0;
  for (double value : values) {
    if (std::isfinite(value)) squares += (value - out.mean) * (value - out.mean);
  }
  out.deviation = std::sqrt(squares / (out.n - 1));
  out.half_width = t_quantile((1 + level) / 2, out.n - 1) * out.deviation / std::sqrt(out.n);
  return out;
}

double t_test(std::span<const double> values) {
  const Interval interval = mean_interval(values);
  if (interval.n < 2) return 1;
  if (interval.deviation == 0) return interval.mean == 0 ? 1 : 0;
  const double t = std::abs(interval.mean) / (interval.deviation / std::sqrt(interval.n));
  const boost::math::students_t law(interval.n - 1);
  return 2 * boost::math::cdf(boost::math::complement(law, t));
}

int seeds_to_decide(const Interval& interval, double level) {
  if (interval.n < 2 || interval.mean == 0 || !std::isfinite(interval.deviation)) return 0;
  for (int n = 2; n <= 100000; n = n < 100 ? n + 1 : n + n / 20) {
    const double half = t_quantile((1 + level) / 2, n - 1) * interval.deviation / std::sqrt(n);
    if (half < std::abs(interval.mean)) return n;
  }
  return 0;
}

Verdict judge_positive(const Interval& interval) {
  if (interval.n < 2 || !std::isfinite(interval.half_width)) return Verdict::kUndecided;
  if (interval.low() > 0) return Verdict::kHolds;
  if (interval.high() <= 0) return Verdict::kFails;
  return Verdict::kUndecided;
}

const char* verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHolds:
      return "holds";
    case Verdict::kFails:
      return "fails";
    case Verdict::kUndecided:
      return "undecided";
  }
  return "";
}

}  // namespace tightrope
