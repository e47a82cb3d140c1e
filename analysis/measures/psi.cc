// SPDX-License-Identifier: Apache-2.0
// Population stability index: sum_i (p_i - q_i) ln(p_i / q_i) = KL(p || q) + KL(q || p), in nats;
// +inf where a cell is empty on one side alone. Others patch empty cells with a small number, on
// which the result then depends: here `floor` does, where it is asked for.
#include <cmath>

#include "analysis/measures/histogram.h"

namespace tightrope {
namespace {

class Psi final : public HistogramMeasure<FlooredParams> {
 public:
  using HistogramMeasure::HistogramMeasure;

  MeasureFacts facts() const override {
    return {.unit = "nat", .range = at_least(0), .symmetric = true};
  }

  double exact(const LawPair& laws) const override {
    const LawPair raised = raised_to(laws, params_.floor);
    double sum = 0;
    for (std::size_t i = 0; i < raised.size(); ++i) {
      const double gap = raised.p[i] - raised.q[i];
      if (gap != 0) sum += gap * (raised.log_p[i] - raised.log_q[i]);
    }
    return sum;
  }
};

TR_REGISTER(Measure, Psi, "psi", "population stability index, the sum of both KL directions",
            "Jeffreys 1946, Proc. R. Soc. A 186:453; Siddiqi 2006, Credit Risk Scorecards");

}  // namespace
}  // namespace tightrope
