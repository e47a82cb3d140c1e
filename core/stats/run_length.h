// SPDX-License-Identifier: Apache-2.0
// Run lengths to an event of which some are cut off: their mean and quantiles with intervals.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tightrope {

struct Estimate {
  double value = 0, low = 0, high = 0;  // infinite where it lies beyond the cap; NaN: unknown
};

// Of `lengths` >= 1, those above `cap` being censored there. Mean: all samples / all events,
// the maximum likelihood under a constant hazard and, without censoring, the plain mean; its t
// interval is that of the ratio of two sums. Infinite without an event.
Estimate mean_run_length(std::span<const std::int64_t> lengths, std::int64_t cap,
                         double level = 0.95);

// The quantile: the order statistic ceil(probability n), and as interval two order statistics
// that hold it with `level` at least by the binomial law, whatever the law of the lengths; low is
// NaN and high infinite where there are too few lengths for such. 0 < probability < 1.
Estimate run_length_quantile(std::span<const std::int64_t> lengths, std::int64_t cap,
                             double probability, double level = 0.95);

}  // namespace tightrope
