// SPDX-License-Identifier: Apache-2.0
// DAPO's soft punishment of long answers (arXiv 2503.14476, eq. 13), added to the score: with L
// the trajectory's scored tokens,
//
//   0 up to max_length - buffer, then linear to -1 at max_length, -1 beyond
#pragma once

#include <algorithm>

namespace tightrope {

struct Overlong {
  double max_length = 0;  // scored tokens; 0: no punishment
  double buffer = 0;      // > 0 when max_length is, at most max_length
};

inline double overlong_penalty(const Overlong& options, double length) {
  if (options.max_length <= 0) return 0;
  const double over = length - (options.max_length - options.buffer);
  return -std::clamp(over / options.buffer, 0.0, 1.0);
}

}  // namespace tightrope
