// SPDX-License-Identifier: Apache-2.0
// Student t intervals and paired comparisons over seeds.
#pragma once

#include <span>
#include <vector>

namespace tightrope {

// The finite ones of `values`, in their order: a frozen or missing run is NaN.
std::vector<double> finite_values(std::span<const double> values);

// Mean over n values with a two-sided t interval: mean -+ t_{(1+level)/2, n-1} sd / sqrt(n).
struct Interval {
  int n = 0;              // finite values used
  double mean = 0;        // NaN when n = 0
  double deviation = 0;   // sample standard deviation (n - 1); NaN when n < 2
  double half_width = 0;  // NaN when n < 2
  double low() const { return mean - half_width; }
  double high() const { return mean + half_width; }
};

// Non-finite values (frozen lanes) are left out and show in n.
Interval mean_interval(std::span<const double> values, double level = 0.95);

// Quantile of Student's t distribution with `freedom` > 0 degrees of freedom, 0 < probability < 1.
double t_quantile(double probability, double freedom);

// Two-sided p-value of the one-sample t test that the mean is 0; 1 when n < 2, and for zero spread
// 1 or 0 by whether the mean is 0.
double t_test(std::span<const double> values);

// Seeds per arm needed so that an effect of the size of `interval.mean` would have its interval
// exclude 0, from the observed deviation; 0 when there is no estimate.
int seeds_to_decide(const Interval& interval, double level = 0.95);

enum class Verdict { kHolds, kFails, kUndecided };

// holds: the whole interval is above 0; fails: wholly below or equal to 0; undecided otherwise, and
// always with fewer than two values.
Verdict judge_positive(const Interval& interval);
const char* verdict_text(Verdict verdict);

}  // namespace tightrope
