// SPDX-License-Identifier: Apache-2.0
// Since when a statistic is where it is, which estimates the time of a change. Every sample asks
// and the answer is a coin, so there is no branch: masks are made of the bits of the numbers.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace tightrope {

// All bits where `value`, not a number below 0 nor -0, is 0.
inline std::int64_t zero_mask(double value) {
  return (std::bit_cast<std::int64_t>(value) - 1) >> 63;
}

// `fresh` under the mask, `old` elsewhere.
inline std::int64_t select(std::int64_t mask, std::int64_t fresh, std::int64_t old) {
  return (fresh & mask) | (old & ~mask);
}

// All bits where `before` is 0 or has another sign than `now`.
inline std::int64_t crossing_mask(double before, double now) {
  const auto old = std::bit_cast<std::int64_t>(before), bits = std::bit_cast<std::int64_t>(now);
  constexpr std::int64_t kMagnitude = 0x7fffffffffffffff;
  return ((old ^ bits) >> 63) | (((old & kMagnitude) - 1) >> 63);
}

// A sum that stays above 0.
struct Climb {
  double sum = 0;
  std::int64_t since = 0;  // position of the first sample since it was last 0

  void move(double gain, std::int64_t position) {
    since = select(zero_mask(sum), position, since);
    sum += gain;
    sum = 0.5 * (sum + std::abs(sum));  // max(0, sum), exactly and without a branch
  }
};

}  // namespace tightrope
