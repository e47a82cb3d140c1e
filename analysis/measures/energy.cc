// SPDX-License-Identifier: Apache-2.0
// Energy distance: sqrt(2 E|X - Y| - E|X - X'| - E|Y - Y'|), in the square root of the positions'
// unit. On a line it is sqrt(2 integral (F - G)^2). The sample form is that of the two empirical
// laws (a V-statistic, which is biased upwards and never negative).
#include <algorithm>
#include <cmath>

#include "analysis/measures/measure.h"
#include "analysis/measures/pair_matrix.h"
#include "analysis/measures/sorted_pool.h"
#include "core/base/check.h"
#include "core/config/no_params.h"

namespace tightrope {
namespace {

constexpr LineDistance kEnergy = {[](double gap) { return gap * gap; },
                                  [](double sum) { return std::sqrt(2 * sum); }};

class PairwiseEnergy final : public PooledEstimator {
 public:
  explicit PairwiseEnergy(const Pool& pool)
      : n_(static_cast<double>(pool.first)),
        m_(static_cast<double>(pool.second)),
        pairs_(
            pool, [](double squared) { return std::sqrt(squared); }, "energy",
            "mmd_features takes more") {}

  std::string text() const override { return "V-statistic over all pairs"; }

  void estimate(std::span<const std::uint32_t> orders, std::span<double> estimates) const override {
    std::vector<PairSums> sums(estimates.size());
    pairs_.sums(orders, sums);
    for (std::size_t b = 0; b < sums.size(); ++b) {
      const double square = 2 * sums[b].across / (n_ * m_) - 2 * sums[b].within_first / (n_ * n_) -
                            2 * sums[b].within_second / (m_ * m_);
      estimates[b] = std::sqrt(std::max(square, 0.0));
    }
  }

 private:
  double n_, m_;
  PairMatrix pairs_;
};

class Energy final : public Measure {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit Energy(const Params&) {}

  MeasureFacts facts() const override {
    return {.unit = "sqrt(sample unit)",
            .range = at_least(0),
            .symmetric = true,
            .metric = true,
            .ordered = true};
  }

  double exact(const LawPair& laws) const override {
    return line_distance(kEnergy, laws.p, laws.q, laws.positions);
  }

  std::unique_ptr<PooledEstimator> pooled(const Pool& pool, const Stream&) const override {
    TR_REQUIRE(pool.categories == 0,
               "energy needs numbers, these are labels: total_variation takes them");
    if (pool.dimensions == 1) {
      return pooled_line_distance(kEnergy, pool, "V-statistic, exact by sorting");
    }
    return std::make_unique<PairwiseEnergy>(pool);
  }
};

TR_REGISTER(Measure, Energy, "energy", "energy distance, from mean distances of pairs",
            "Szekely & Rizzo 2013, J. Stat. Plan. Inference 143:1249");

}  // namespace
}  // namespace tightrope
