// SPDX-License-Identifier: Apache-2.0
// Squared maximum mean discrepancy in linear time and constant memory: the mean over consecutive
// pairs of
//
//   h = k(x_1, x_2) + k(y_1, y_2) - k(x_1, y_2) - k(x_2, y_1)
//
// Unbiased, with a far larger spread than over all pairs: for long samples. Of unequal sizes the
// first min(n, m) points of each are used.
#include <fmt/format.h>

#include <algorithm>

#include "analysis/measures/kernel.h"
#include "analysis/measures/pair_matrix.h"

namespace tightrope {
namespace {

class LinearMmd final : public PooledEstimator {
 public:
  LinearMmd(const Pool& pool, Bandwidth bandwidth)
      : pool_(pool),
        pairs_(std::min(pool.first, pool.second) / 2),
        bandwidth_(bandwidth.value),
        text_(fmt::format("linear-time mean over {} quadruples, {}", pairs_, bandwidth.text)) {}

  std::string text() const override { return text_; }

  void estimate(std::span<const std::uint32_t> orders, std::span<double> estimates) const override {
    for (std::size_t b = 0; b < estimates.size(); ++b) {
      const auto order = orders.subspan(b * pool_.size(), pool_.size());
      const auto y = order.subspan(pool_.first);
      double sum = 0;
      for (std::size_t i = 0; i < 2 * pairs_; i += 2) {
        sum += kernel(order[i], order[i + 1]) + kernel(y[i], y[i + 1]) -
               kernel(order[i], y[i + 1]) - kernel(order[i + 1], y[i]);
      }
      estimates[b] = sum / static_cast<double>(pairs_);
    }
  }

 private:
  double kernel(std::uint32_t i, std::uint32_t j) const {
    return gaussian_kernel(squared_distance(pool_.point(i), pool_.point(j)), bandwidth_);
  }

  const Pool& pool_;
  std::size_t pairs_;
  double bandwidth_;
  std::string text_;
};

class MmdLinear final : public Measure {
 public:
  using Params = KernelParams;
  static Schema<Params> schema() { return KernelParams::schema(); }
  explicit MmdLinear(Params params) : params_(std::move(params)) {}

  MeasureFacts facts() const override { return mmd_facts(); }
  double exact(const LawPair& laws) const override { return exact_mmd(laws, params_); }

  std::unique_ptr<PooledEstimator> pooled(const Pool& pool, const Stream& stream) const override {
    require_numbers(pool, "mmd_linear");
    return std::make_unique<LinearMmd>(pool, bandwidth_of(pool, params_, stream));
  }

 private:
  Params params_;
};

TR_REGISTER(Measure, MmdLinear, "mmd_linear",
            "squared maximum mean discrepancy, in linear time over consecutive pairs",
            "Gretton et al. 2012, JMLR 13:723, Lemma 14");

}  // namespace
}  // namespace tightrope
