// SPDX-License-Identifier: Apache-2.0
#include "drift/random_path.h"

#include <cmath>

#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr int kLevels = 30;

// (1 - exp(-2 rate x)) / (2 rate): the variance of X(x) over volatility^2; x for rate 0.
double spread_over(double rate, double x) {
  return rate == 0 ? x : -std::expm1(-2 * rate * x) / (2 * rate);
}

}  // namespace

double RandomPath::at(std::int64_t t, const Stream& stream) const {
  TR_CHECK(t >= 0 && t <= (std::int64_t{1} << kLevels), "step {}", t);
  if (t == 0) return 0;
  std::int64_t begin = 0, end = std::int64_t{1} << kLevels;
  double x = 0;
  double y = volatility * std::sqrt(spread_over(rate, static_cast<double>(end))) *
             stream.at(kLevels, 0).normal();
  if (t == end) return y;
  for (int level = kLevels - 1; level >= 0; --level) {
    const std::int64_t middle = begin + (end - begin) / 2;
    const auto half = static_cast<double>(middle - begin);
    // X(middle) given both ends: means weigh alike on both sides, both halves being equally long.
    const double decay = std::exp(-rate * half);
    const double weight = decay / (1 + decay * decay);
    const double variance = spread_over(rate, half) / (1 + decay * decay);
    const double z = weight * (x + y) + volatility * std::sqrt(variance) *
                                            stream
                                                .at(static_cast<std::uint32_t>(level),
                                                    static_cast<std::uint32_t>(begin >> level >> 1))
                                                .normal();
    if (t == middle) return z;
    if (t < middle) {
      end = middle;
      y = z;
    } else {
      begin = middle;
      x = z;
    }
  }
  return x;
}

double folded(double x) {
  const double period = std::fmod(std::abs(x), 2.0);
  return period <= 1 ? period : 2 - period;
}

}  // namespace tightrope
