// SPDX-License-Identifier: Apache-2.0
// Hellinger distance: sqrt(sum_i (sqrt p_i - sqrt q_i)^2 / 2) = sqrt(1 - sum_i sqrt(p_i q_i)), in
// [0, 1]. The first form keeps its digits where the laws are close.
#include <algorithm>
#include <cmath>

#include "analysis/measures/histogram.h"

namespace tightrope {
namespace {

class Hellinger final : public HistogramMeasure<> {
 public:
  using HistogramMeasure::HistogramMeasure;

  MeasureFacts facts() const override {
    return {.unit = "1", .range = between(0, 1), .symmetric = true, .metric = true};
  }

  double exact(const LawPair& laws) const override {
    double sum = 0;
    for (std::size_t i = 0; i < laws.size(); ++i) {
      const double gap = std::sqrt(laws.p[i]) - std::sqrt(laws.q[i]);
      sum += gap * gap;
    }
    return std::min(std::sqrt(sum / 2), 1.0);
  }
};

TR_REGISTER(Measure, Hellinger, "hellinger", "distance of the square roots of the laws",
            "Hellinger 1909, J. reine angew. Math. 136:210; Pardo 2006, 1.2");

}  // namespace
}  // namespace tightrope
