// SPDX-License-Identifier: Apache-2.0
// Squared maximum mean discrepancy. The sample form is the unbiased one, which may be negative:
//
//   sum_{i != j} k(x_i, x_j) / (n (n - 1)) + sum_{i != j} k(y_i, y_j) / (m (m - 1))
//     - 2 sum_ij k(x_i, y_j) / (n m)
#include "analysis/measures/kernel.h"
#include "analysis/measures/pair_matrix.h"

namespace tightrope {
namespace {

class QuadraticMmd final : public PooledEstimator {
 public:
  QuadraticMmd(const Pool& pool, Bandwidth bandwidth)
      : n_(static_cast<double>(pool.first)),
        m_(static_cast<double>(pool.second)),
        text_("unbiased U-statistic, " + bandwidth.text),
        pairs_(
            pool, [s = bandwidth.value](double squared) { return gaussian_kernel(squared, s); },
            "mmd", "mmd_features and mmd_linear take more") {}

  std::string text() const override { return text_; }

  void estimate(std::span<const std::uint32_t> orders, std::span<double> estimates) const override {
    std::vector<PairSums> sums(estimates.size());
    pairs_.sums(orders, sums);
    for (std::size_t b = 0; b < sums.size(); ++b) {
      estimates[b] = 2 * sums[b].within_first / (n_ * (n_ - 1)) +
                     2 * sums[b].within_second / (m_ * (m_ - 1)) - 2 * sums[b].across / (n_ * m_);
    }
  }

 private:
  double n_, m_;
  std::string text_;
  PairMatrix pairs_;
};

class Mmd final : public Measure {
 public:
  using Params = KernelParams;
  static Schema<Params> schema() { return KernelParams::schema(); }
  explicit Mmd(Params params) : params_(std::move(params)) {}

  MeasureFacts facts() const override { return mmd_facts(); }
  double exact(const LawPair& laws) const override { return exact_mmd(laws, params_); }

  std::unique_ptr<PooledEstimator> pooled(const Pool& pool, const Stream& stream) const override {
    require_numbers(pool, "mmd");
    return std::make_unique<QuadraticMmd>(pool, bandwidth_of(pool, params_, stream));
  }

 private:
  Params params_;
};

TR_REGISTER(Measure, Mmd, "mmd", "squared maximum mean discrepancy, over all pairs",
            "Gretton et al. 2012, JMLR 13:723, Lemma 6");

}  // namespace
}  // namespace tightrope
