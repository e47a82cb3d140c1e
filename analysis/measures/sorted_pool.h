// SPDX-License-Identifier: Apache-2.0
// Distances on a line are integrals over the difference of two distribution functions. A pool is
// sorted once; every dealing of its points is then one sweep.
#pragma once

#include <memory>
#include <string>

#include "analysis/measures/pool.h"

namespace tightrope {

// A distance sum_k width_k g(F_k - G_k) over the gaps between neighbouring points, then h of the
// sum, where F_k and G_k are the distribution functions in gap k.
struct LineDistance {
  double (*of_difference)(double);  // g
  double (*of_sum)(double);         // h
};

// Between the laws [V] at `positions` [V] (in any order).
double line_distance(const LineDistance& distance, std::span<const double> p,
                     std::span<const double> q, std::span<const double> positions);

// Between samples of one dimension: exact for their empirical laws. O(N log N) once, then O(N).
// `text` names the estimator. The pool must be numeric and of one dimension.
std::unique_ptr<PooledEstimator> pooled_line_distance(const LineDistance& distance,
                                                      const Pool& pool, std::string text);

}  // namespace tightrope
