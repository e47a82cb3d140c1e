// SPDX-License-Identifier: Apache-2.0
// Intervals of what is counted: a share of successes, a rate of rare events.
#pragma once

#include <cstdint>

namespace tightrope {

struct ShareInterval {
  std::int64_t successes = 0, trials = 0;
  double share = 0;          // successes / trials; NaN without a trial, and so the bounds
  double low = 0, high = 0;  // in [0, 1]
};

// Wilson's two-sided interval (Wilson 1927, JASA 22): with z the normal quantile of (1 + level) /
// 2, the shares p for which |share - p| <= z sqrt(p (1 - p) / n). 0 <= successes <= trials.
ShareInterval wilson_interval(std::int64_t successes, std::int64_t trials, double level = 0.95);

// A bound from below on the mean exposure per event, with confidence `level`, after `events` of a
// Poisson process in `exposure` > 0: 2 exposure / chi2_{level, 2 (events + 1)} (Garwood 1936).
// After no event about exposure / 3 at 0.95.
double least_exposure(std::int64_t events, double exposure, double level = 0.95);

}  // namespace tightrope
