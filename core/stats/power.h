// SPDX-License-Identifier: Apache-2.0
// Power of the two-sided one-sample t test, and the effect that a number of seeds can show.
#pragma once

namespace tightrope {

// Probability that a two-sided t test at 1 - `level` finds a mean of `effect` in n values of
// standard deviation `deviation`: P(|T| > t_{(1+level)/2, n-1}), T noncentral t with n - 1 degrees
// of freedom and noncentrality effect sqrt(n) / deviation. effect >= 0, deviation > 0, n >= 2.
double t_test_power(double effect, double deviation, int n, double level = 0.95);

// The smallest effect (in the unit of `deviation`) that n values find with probability `power`. NaN
// when n < 2 or the deviation is not finite; 0 for no deviation. 1 - level < power < 1.
double minimal_detectable_effect(double deviation, int n, double power = 0.8, double level = 0.95);

}  // namespace tightrope
