// SPDX-License-Identifier: Apache-2.0
// Bootstrap intervals over seeds: resamples of n values drawn with replacement, every draw from a
// stream of core/random, so that equal values have equal intervals.
#pragma once

#include <span>
#include <vector>

#include "core/random/stream.h"

namespace tightrope {

// An interval by its ends; NaN when there is none.
struct Bounds {
  double low = 0;
  double high = 0;
};

// Resamples of every bootstrap and draws of every Monte Carlo test. The ends of a 95 % interval
// then move by about 0.03 standard errors from one stream to another.
inline constexpr int kResamples = 9999;

// The stream that tables draw from: key (0, statistics, 0).
Stream statistics_stream();

// Percentile interval: the (1 -+ level) / 2 quantiles of the replicates, linear between neighbours.
// NaN without replicates. 0 < level < 1.
Bounds percentile_bounds(std::vector<double> replicates, double level = 0.95);

// Bias-corrected and accelerated interval (BCa; Efron, JASA 82, 1987) from its three ingredients:
// the replicates of a statistic, its value on the data (`estimate`) and its n leave-one-out values
// (`jackknife`). With z0 = Phi^-1(share of replicates below the estimate, ties half) and
// a = sum U^3 / (6 (sum U^2)^(3/2)), U_i = mean(jackknife) - jackknife_i, the ends are the
// quantiles of the replicates at Phi(z0 + (z0 + z) / (1 - a (z0 + z))), z = -+ Phi^-1((1 + level) /
// 2). Equal leave-one-out values (no spread): both ends are the estimate. NaN when all replicates
// lie on one side of the estimate.
Bounds bca_bounds(std::vector<double> replicates, double estimate,
                  std::span<const double> jackknife, double level = 0.95);

// BCa interval of the mean. Non-finite values are left out; NaN with fewer than two. Resample r
// draws from stream.at(r).
Bounds bca_interval(std::span<const double> values, const Stream& stream, double level = 0.95,
                    int resamples = kResamples);

}  // namespace tightrope
