// SPDX-License-Identifier: Apache-2.0
#include "core/stats/sign_flip.h"

#include <cmath>
#include <vector>

#include "core/stats/bootstrap.h"
#include "core/stats/interval.h"

namespace tightrope {
namespace {

// Of at most 32 values.
double flipped_sum(const std::vector<double>& values, std::uint32_t pattern) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += (pattern >> i & 1U) != 0 ? -values[i] : values[i];
  }
  return std::abs(sum);
}

double randomly_flipped_sum(const std::vector<double>& values, Draws draws) {
  double sum = 0;
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < values.size(); ++i, bits >>= 1) {
    if (i % 32 == 0) bits = draws.bits();
    sum += (bits & 1U) != 0 ? -values[i] : values[i];
  }
  return std::abs(sum);
}

}  // namespace

double sign_flip_test(std::span<const double> values, const Stream& stream) {
  const std::vector<double> finite = finite_values(values);
  if (finite.empty()) return 1;
  double size = 0, sum = 0;
  for (double value : finite) {
    size += std::abs(value);
    sum += value;
  }
  const double observed = std::abs(sum) - 1e-12 * size;
  const auto n = static_cast<int>(finite.size());
  if (n <= kMaximumExactFlips) {
    // A pattern and its opposite have the same |sum|: half of them are enough.
    const std::uint32_t patterns = 1U << (n - 1);
    int hits = 0;
    for (std::uint32_t p = 0; p < patterns; ++p) hits += flipped_sum(finite, p) >= observed;
    return static_cast<double>(hits) / patterns;
  }
  int hits = 0;
  for (int r = 0; r < kResamples; ++r) {
    hits += randomly_flipped_sum(finite, stream.at(static_cast<std::uint32_t>(r))) >= observed;
  }
  return (1.0 + hits) / (1.0 + kResamples);
}

}  // namespace tightrope
