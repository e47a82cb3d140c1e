// SPDX-License-Identifier: Apache-2.0
// ADWIN's test: where a window is best cut in two. With n0 older and n1 newer samples of W whose
// sums are u0 and u1, Q the window's sum of squares about its mean and m = min_window_length,
//
//   d = ln(2 ln(W) / delta)    r = 1 / (n0 - m + 1) + 1 / (n1 - m + 1)
//   excess = |u1 / n1 - u0 / n0| - bound,   bound = sqrt(2 r (Q / W) d) + (2/3) d r
#pragma once

#include <limits>

#include "core/detectors/exponential_histogram.h"

namespace tightrope {

struct AdwinCut {
  double difference = 0;  // mean of the newer part less that of the older
  double bound = std::numeric_limits<double>::infinity();
  double newer = 0;                                          // n1
  double excess = -std::numeric_limits<double>::infinity();  // so while no cut was judged
};

struct AdwinTest {
  double delta = 0.002;
  double min_window_length = 5;
  double shortest = 5;  // samples on a side of a cut, at least min_window_length
  int skipped = 0;      // newest summaries of a row that are left out of the older part

  // The cut between two summaries whose excess is greatest, the oldest of equal ones. Needs a
  // window of two samples at least. O(log W), about a nanosecond a summary: a cut that a bound
  // shows to be harmless costs neither a division nor a root.
  AdwinCut clearest(const ExponentialHistogram& window) const;
};

}  // namespace tightrope
