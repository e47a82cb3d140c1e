// SPDX-License-Identifier: Apache-2.0
// Renyi divergence of order a > 1: ln(sum_i p_i^a q_i^(1 - a)) / (a - 1), in nats; +inf where q is
// empty and p is not. Between KL (a -> 1) and the logarithm of the greatest ratio (a -> infinity).
// The example of docs/adding-a-measure.md.
#include <algorithm>

#include "analysis/measures/histogram.h"
#include "core/base/math.h"

namespace tightrope {
namespace {

struct RenyiParams : HistogramParams {
  double order = 2;

  static Schema<RenyiParams> schema() {
    Schema<RenyiParams> s;
    add_histogram_fields(s);
    s.field("order", &RenyiParams::order,
            {.unit = "1", .range = greater_than(1), .help = "order a of the divergence"});
    return s;
  }
};

class Renyi final : public HistogramMeasure<RenyiParams> {
 public:
  using HistogramMeasure::HistogramMeasure;

  MeasureFacts facts() const override { return {.unit = "nat", .range = at_least(0)}; }

  double exact(const LawPair& laws) const override {
    const double a = params_.order;
    std::vector<double> terms;
    for (std::size_t i = 0; i < laws.size(); ++i) {
      if (laws.p[i] <= 0) continue;
      if (laws.log_q[i] == kNegativeInfinity) return -kNegativeInfinity;
      terms.push_back(a * laws.log_p[i] + (1 - a) * laws.log_q[i]);
    }
    return std::max(log_sum_exp(terms) / (a - 1), 0.0);
  }
};

TR_REGISTER(Measure, Renyi, "renyi", "Renyi divergence of the first law from the second",
            "Renyi 1961; van Erven & Harremoes 2014, IEEE Trans. Inf. Theory 60:3797");

}  // namespace
}  // namespace tightrope
