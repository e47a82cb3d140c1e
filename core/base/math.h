// SPDX-License-Identifier: Apache-2.0
// Small scalar functions shared by losses, oracles and statistics; all in float64.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace tightrope {

inline constexpr double kNegativeInfinity = -std::numeric_limits<double>::infinity();
inline constexpr double kPi = 3.14159265358979323846;

// 1 / (1 + exp(-x)), without overflow.
inline double sigmoid(double x) {
  if (x >= 0) return 1.0 / (1.0 + std::exp(-x));
  const double e = std::exp(x);
  return e / (1.0 + e);
}

// log sigmoid(x), without overflow.
inline double log_sigmoid(double x) {
  return x >= 0 ? -std::log1p(std::exp(-x)) : x - std::log1p(std::exp(x));
}

// log sum_i exp(x_i); -inf for an empty span or when all entries are -inf.
inline double log_sum_exp(std::span<const double> x) {
  double top = kNegativeInfinity;
  for (double value : x) top = std::max(top, value);
  if (!std::isfinite(top)) return top;
  double sum = 0;
  for (double value : x) sum += std::exp(value - top);
  return top + std::log(sum);
}

// Log-weights to log-probs: x_i - log_sum_exp(x).
inline void normalise_log(std::span<double> x) {
  const double total = log_sum_exp(x);
  for (double& value : x) value -= total;
}

// p ln(p / q) with 0 ln 0 = 0; +inf when p > 0 and q = 0.
inline double kl_term(double p, double q) {
  if (p <= 0) return 0;
  if (q <= 0) return std::numeric_limits<double>::infinity();
  return p * std::log(p / q);
}

}  // namespace tightrope
