// SPDX-License-Identifier: Apache-2.0
// Pearson's chi-square divergence: sum_i (p_i - q_i)^2 / q_i; +inf where q is empty and p is not.
// With r the pooled law of two counts of n and m, n D(p, r) + m D(q, r) is the statistic of the
// chi-square test of homogeneity.
#include <limits>

#include "analysis/measures/histogram.h"

namespace tightrope {
namespace {

class ChiSquare final : public HistogramMeasure<FlooredParams> {
 public:
  using HistogramMeasure::HistogramMeasure;

  MeasureFacts facts() const override { return {.unit = "1", .range = at_least(0)}; }

  double exact(const LawPair& laws) const override {
    const LawPair raised = raised_to(laws, params_.floor);
    double sum = 0;
    for (std::size_t i = 0; i < raised.size(); ++i) {
      const double gap = raised.p[i] - raised.q[i];
      if (raised.q[i] > 0) {
        sum += gap * (gap / raised.q[i]);
      } else if (raised.p[i] > 0) {
        sum = std::numeric_limits<double>::infinity();
      }
    }
    return sum;
  }
};

TR_REGISTER(Measure, ChiSquare, "chi_square",
            "Pearson's chi-square divergence of the first law from the second",
            "Pearson 1900, Phil. Mag. 50:157; Csiszar 1967");

}  // namespace
}  // namespace tightrope
