// SPDX-License-Identifier: Apache-2.0
// Bhattacharyya distance: -ln sum_i sqrt(p_i q_i), in nats; +inf for laws without a common cell.
// With the Hellinger distance H it is -ln(1 - H^2), which keeps its digits where the laws are
// close; of laws whose common cells all underflow, the logarithms are summed.
#include <algorithm>
#include <cmath>
#include <vector>

#include "analysis/measures/histogram.h"
#include "core/base/math.h"

namespace tightrope {
namespace {

class Bhattacharyya final : public HistogramMeasure<> {
 public:
  using HistogramMeasure::HistogramMeasure;

  MeasureFacts facts() const override {
    return {.unit = "nat", .range = at_least(0), .symmetric = true};
  }

  double exact(const LawPair& laws) const override {
    double squares = 0;
    std::vector<double> log_overlap(laws.size());
    for (std::size_t i = 0; i < laws.size(); ++i) {
      const double gap = std::sqrt(laws.p[i]) - std::sqrt(laws.q[i]);
      squares += gap * gap / 2;
      log_overlap[i] = (laws.log_p[i] + laws.log_q[i]) / 2;
    }
    if (squares < 0.5) return std::max(-std::log1p(-squares), 0.0);
    return std::max(-log_sum_exp(log_overlap), 0.0);
  }
};

TR_REGISTER(Measure, Bhattacharyya, "bhattacharyya", "negative logarithm of the laws' overlap",
            "Bhattacharyya 1943, Bull. Calcutta Math. Soc. 35:99");

}  // namespace
}  // namespace tightrope
