// SPDX-License-Identifier: Apache-2.0
// Wasserstein-1 (earth mover's) distance on a line: the integral of |F - G| over positions, in
// their unit: how far mass must be carried on average.
#include <cmath>

#include "analysis/measures/measure.h"
#include "analysis/measures/sorted_pool.h"
#include "core/base/check.h"
#include "core/config/no_params.h"

namespace tightrope {
namespace {

constexpr LineDistance kWasserstein = {[](double gap) { return std::abs(gap); },
                                       [](double sum) { return sum; }};

class Wasserstein final : public Measure {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit Wasserstein(const Params&) {}

  MeasureFacts facts() const override {
    return {.unit = "sample unit",
            .range = at_least(0),
            .symmetric = true,
            .metric = true,
            .ordered = true};
  }

  double exact(const LawPair& laws) const override {
    return line_distance(kWasserstein, laws.p, laws.q, laws.positions);
  }

  std::unique_ptr<PooledEstimator> pooled(const Pool& pool, const Stream&) const override {
    TR_REQUIRE(pool.categories == 0,
               "wasserstein needs numbers, these are labels: total_variation takes them");
    TR_REQUIRE(pool.dimensions == 1,
               "wasserstein takes one dimension, the points have {}: energy takes them",
               pool.dimensions);
    return pooled_line_distance(kWasserstein, pool, "plug-in, exact by sorting");
  }
};

TR_REGISTER(Measure, Wasserstein, "wasserstein", "earth mover's distance along a line",
            "Vallender 1974, Theory Probab. Appl. 18:784");

}  // namespace
}  // namespace tightrope
