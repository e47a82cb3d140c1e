// SPDX-License-Identifier: Apache-2.0
// Bias and variance of a gradient estimator, from independent estimates and the exact gradient.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/api/optimizer.h"

namespace tightrope {

// With estimates g_1 .. g_R of the exact gradient e (all [P]), m their mean and
// S = sum_r |g_r - m|^2 / (R - 1), the trace of one estimate's covariance:
//
// estimator/bias: |m - e| / |e|, which contains the noise of m; estimator/bias_error:
// sqrt(S / R) / |e|, what it would be from noise alone; estimator/bias_squared:
// (|m - e|^2 - S / R) / |e|^2, unbiased, may be negative.
// estimator/variance: S / |e|^2, unbiased.
// estimator/scale: <m, e> / |e|^2, unbiased, 1 where only noise is off; estimator/scale_error: its
// standard error.
// estimator/off_axis: as bias_squared of the parts across e, what no learning rate mends.
// estimator/cosine: <m, e> / (|m| |e|); below 1 from noise alone, too.
//
// All are NaN where e = 0 (cosine also where m = 0), none has a unit.
class GradientSpread {
 public:
  explicit GradientSpread(std::span<const float> exact);

  // Counts one more estimate.
  void add(std::span<const float> estimate);
  std::int64_t count() const { return count_; }

  static std::vector<std::string> metrics();
  // Adds them; at least two estimates must be counted.
  void add_to(MetricSums& metrics) const;

 private:
  std::vector<double> exact_, mean_;
  std::int64_t count_ = 0;
  double norm_ = 0;                            // |e|^2
  double squares_ = 0;                         // sum_r |g_r - m|^2
  double along_mean_ = 0, along_squares_ = 0;  // of <g_r, e>
};

}  // namespace tightrope
