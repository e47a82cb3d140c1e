// SPDX-License-Identifier: Apache-2.0
// Jensen-Shannon divergence: (KL(p || m) + KL(q || m)) / 2 with m = (p + q) / 2, in nats, in
// [0, ln 2]. Its square root is a metric.
#include <algorithm>
#include <cmath>

#include "analysis/measures/histogram.h"

namespace tightrope {
namespace {

class JensenShannon final : public HistogramMeasure<> {
 public:
  using HistogramMeasure::HistogramMeasure;

  MeasureFacts facts() const override {
    return {.unit = "nat", .range = between(0, std::log(2)), .symmetric = true};
  }

  double exact(const LawPair& laws) const override {
    double sum = 0;
    for (std::size_t i = 0; i < laws.size(); ++i)
      sum += half(laws.p[i], laws.q[i]) + half(laws.q[i], laws.p[i]);
    return std::clamp(sum / 2, 0.0, std::log(2));
  }

 private:
  // a ln(a / ((a + b) / 2)); a / (a + b) cannot overflow.
  static double half(double a, double b) { return a > 0 ? a * std::log(2 * (a / (a + b))) : 0; }
};

TR_REGISTER(Measure, JensenShannon, "jensen_shannon",
            "Jensen-Shannon divergence, the square of a metric",
            "Lin 1991, IEEE Trans. Inf. Theory 37:145");

}  // namespace
}  // namespace tightrope
