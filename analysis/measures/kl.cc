// SPDX-License-Identifier: Apache-2.0
// Kullback-Leibler divergence: KL(p || q) = sum_i p_i ln(p_i / q_i), in nats, with 0 ln 0 = 0;
// +inf where q is empty and p is not. In the ledger's words: the excess surprise of one who
// believes q while p is true.
#include <algorithm>

#include "analysis/measures/histogram.h"

namespace tightrope {
namespace {

class Kl final : public HistogramMeasure<FlooredParams> {
 public:
  using HistogramMeasure::HistogramMeasure;

  MeasureFacts facts() const override { return {.unit = "nat", .range = at_least(0)}; }

  double exact(const LawPair& laws) const override {
    const LawPair raised = raised_to(laws, params_.floor);
    double sum = 0;
    for (std::size_t i = 0; i < raised.size(); ++i) sum += kl_cell(raised, i);
    return params_.floor > 0 ? sum : std::max(sum, 0.0);
  }
};

TR_REGISTER(Measure, Kl, "kl", "Kullback-Leibler divergence of the first law from the second",
            "Kullback & Leibler 1951, Ann. Math. Stat. 22:79");

}  // namespace
}  // namespace tightrope
