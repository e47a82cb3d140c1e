// SPDX-License-Identifier: Apache-2.0
// Rotary positions (arXiv 2104.09864) in the half-rotation form: elements j and j + d_head / 2 of
// every head turn by the angle position * base^(-2 j / d_head).
#pragma once

#include <cmath>
#include <vector>

#include "policies/transformer/shape.h"

namespace tightrope {

template <class T>
class Rotary {
 public:
  Rotary(const TransformerShape& shape, int padded_head_width)
      : half_(shape.head_width / 2), heads_(shape.heads), stride_(padded_head_width) {
    if (!shape.rotary) return;
    for (int p = 0; p < shape.max_positions; ++p) {
      for (int j = 0; j < half_; ++j) {
        const double angle = p * std::pow(shape.rotary_base, -2.0 * j / shape.head_width);
        cosine_.push_back(static_cast<T>(std::cos(angle)));
        sine_.push_back(static_cast<T>(std::sin(angle)));
      }
    }
  }

  // Turns every head of one row to `position`, or back.
  void turn(int position, bool back, T* row) const {
    const T* c = cosine_.data() + static_cast<std::ptrdiff_t>(position) * half_;
    const T* s = sine_.data() + static_cast<std::ptrdiff_t>(position) * half_;
    const T sign = back ? T(-1) : T(1);
    for (int h = 0; h < heads_; ++h) {
      T* low = row + h * stride_;
      T* high = low + half_;
      for (int j = 0; j < half_; ++j) {
        const T a = low[j], b = high[j];
        low[j] = a * c[j] - sign * b * s[j];
        high[j] = b * c[j] + sign * a * s[j];
      }
    }
  }

 private:
  int half_, heads_, stride_;
  std::vector<T> cosine_, sine_;
};

}  // namespace tightrope
