// SPDX-License-Identifier: Apache-2.0
// Total variation: sum_i |p_i - q_i| / 2, in [0, 1]: the greatest difference in the probability of
// any event; 1 less the histogram intersection.
#include <algorithm>
#include <cmath>

#include "analysis/measures/histogram.h"

namespace tightrope {
namespace {

class TotalVariation final : public HistogramMeasure<> {
 public:
  using HistogramMeasure::HistogramMeasure;

  MeasureFacts facts() const override {
    return {.unit = "1", .range = between(0, 1), .symmetric = true, .metric = true};
  }

  double exact(const LawPair& laws) const override {
    double sum = 0;
    for (std::size_t i = 0; i < laws.size(); ++i) sum += std::abs(laws.p[i] - laws.q[i]);
    return std::min(sum / 2, 1.0);
  }
};

TR_REGISTER(Measure, TotalVariation, "total_variation",
            "greatest difference in the probability of an event",
            "Levin, Peres & Wilmer 2009, Markov Chains and Mixing Times, 4.1");

}  // namespace
}  // namespace tightrope
