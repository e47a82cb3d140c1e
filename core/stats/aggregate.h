// SPDX-License-Identifier: Apache-2.0
// Robust aggregates over runs, as in Agarwal et al., "Deep reinforcement learning at the edge of
// the statistical precipice" (NeurIPS 2021), whose library is rliable.
#pragma once

#include <span>
#include <vector>

#include "core/random/stream.h"
#include "core/stats/bootstrap.h"

namespace tightrope {

// Scores of one arm: by stratum (a task, an environment), then by run. Strata may have different
// numbers of runs.
using Scores = std::vector<std::vector<double>>;

struct BoundedEstimate {
  double value = 0;  // NaN when there is none
  Bounds bounds;     // NaN when a stratum has fewer than two runs
};

// Mean of the values left when floor(n / 4) are cut off at either end; NaN without values.
double interquartile_mean(std::span<const double> values);

// Interquartile mean over all runs of all strata together, with a 95 % percentile interval over
// resamples that draw each stratum's runs anew. Non-finite values (diverged runs) are left out.
BoundedEstimate interquartile_mean(const Scores& scores, const Stream& stream, double level = 0.95,
                                   int resamples = kResamples);

// Mean over strata of P(X > Y) + P(X = Y) / 2 for a run X of the first arm and an independent run Y
// of the second (Mann-Whitney's U over the number of pairs). The interval resamples both arms
// independently. Both have the same number of strata; non-finite values are left out.
BoundedEstimate probability_of_improvement(const Scores& x, const Scores& y, const Stream& stream,
                                           double level = 0.95, int resamples = kResamples);

}  // namespace tightrope
