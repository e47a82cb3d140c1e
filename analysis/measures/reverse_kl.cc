// SPDX-License-Identifier: Apache-2.0
// The other direction of the Kullback-Leibler divergence: KL(q || p) = sum_i q_i ln(q_i / p_i), in
// nats; +inf where p is empty and q is not.
#include <algorithm>

#include "analysis/measures/histogram.h"

namespace tightrope {
namespace {

class ReverseKl final : public HistogramMeasure<FlooredParams> {
 public:
  using HistogramMeasure::HistogramMeasure;

  MeasureFacts facts() const override { return {.unit = "nat", .range = at_least(0)}; }

  double exact(const LawPair& laws) const override {
    LawPair raised = raised_to(laws, params_.floor);
    std::swap(raised.p, raised.q);
    std::swap(raised.log_p, raised.log_q);
    double sum = 0;
    for (std::size_t i = 0; i < raised.size(); ++i) sum += kl_cell(raised, i);
    return params_.floor > 0 ? sum : std::max(sum, 0.0);
  }
};

TR_REGISTER(Measure, ReverseKl, "reverse_kl",
            "Kullback-Leibler divergence of the second law from the first",
            "Kullback & Leibler 1951, Ann. Math. Stat. 22:79");

}  // namespace
}  // namespace tightrope
