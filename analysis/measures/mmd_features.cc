// SPDX-License-Identifier: Apache-2.0
// Squared maximum mean discrepancy with random Fourier features: with frequencies w_f ~ N(0, 1/s^2)
// in each dimension, the kernel's estimate is
//
//   k'(x, y) = mean_f cos(w_f (x - y)) = phi(x) phi(y),    |phi(x)| = 1
//
// and the unbiased estimate over all pairs of k' needs only the sums of phi: O(N D).
#include <fmt/format.h>

#include <cmath>

#include "analysis/measures/kernel.h"
#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr std::size_t kMostNumbers = std::size_t{1} << 26;  // 512 MiB of features

struct FeaturesParams : KernelParams {
  int features = 64;

  static Schema<FeaturesParams> schema() {
    Schema<FeaturesParams> s;
    add_kernel_fields(s);
    s.field("features", &FeaturesParams::features,
            {.unit = "1",
             .range = between(1, 65536),
             .help = "frequencies D; the kernel's error falls as 1 / sqrt(D)"});
    return s;
  }
};

class FeatureMmd final : public PooledEstimator {
 public:
  FeatureMmd(const Pool& pool, const FeaturesParams& params, const Stream& stream)
      : points_(pool.size()), first_(pool.first), width_(2 * params.features) {
    TR_REQUIRE(width_ <= kMostNumbers / points_,
               "mmd_features holds {} numbers for each of {} points: at most {} together; take "
               "fewer features or mmd_linear",
               width_, points_, kMostNumbers);
    const Bandwidth bandwidth = bandwidth_of(pool, params, stream);
    text_ = fmt::format("unbiased U-statistic, random Fourier features D={}, {}", params.features,
                        bandwidth.text);
    phi_.resize(points_ * width_);
    all_.assign(width_, 0);
    const double scale = 1 / std::sqrt(static_cast<double>(params.features));
    std::vector<double> frequency(pool.dimensions);
    for (std::size_t f = 0; f < width_; f += 2) {
      Draws draws = stream.at(1, static_cast<std::uint32_t>(f / 2));
      for (double& w : frequency) w = draws.normal() / bandwidth.value;
      for (std::size_t i = 0; i < points_; ++i) {
        double angle = 0;
        for (std::size_t d = 0; d < pool.dimensions; ++d) angle += frequency[d] * pool.point(i)[d];
        phi_[i * width_ + f] = scale * std::cos(angle);
        phi_[i * width_ + f + 1] = scale * std::sin(angle);
      }
    }
    for (std::size_t i = 0; i < points_; ++i) add(i, all_);
  }

  std::string text() const override { return text_; }

  void estimate(std::span<const std::uint32_t> orders, std::span<double> estimates) const override {
    const double n = static_cast<double>(first_), m = static_cast<double>(points_ - first_);
    std::vector<double> x(width_);
    for (std::size_t b = 0; b < estimates.size(); ++b) {
      std::fill(x.begin(), x.end(), 0.0);
      for (const std::uint32_t i : orders.subspan(b * points_, first_)) add(i, x);
      double xx = 0, yy = 0, xy = 0;
      for (std::size_t f = 0; f < width_; ++f) {
        const double y = all_[f] - x[f];
        xx += x[f] * x[f];
        yy += y * y;
        xy += x[f] * y;
      }
      estimates[b] = (xx - n) / (n * (n - 1)) + (yy - m) / (m * (m - 1)) - 2 * xy / (n * m);
    }
  }

 private:
  void add(std::size_t point, std::vector<double>& sum) const {
    const double* phi = phi_.data() + point * width_;
    for (std::size_t f = 0; f < width_; ++f) sum[f] += phi[f];
  }

  std::size_t points_, first_, width_;
  std::string text_;
  std::vector<double> phi_;  // [N, 2 D]: cosine and sine of each frequency
  std::vector<double> all_;  // its sum over points
};

class MmdFeatures final : public Measure {
 public:
  using Params = FeaturesParams;
  static Schema<Params> schema() { return FeaturesParams::schema(); }
  explicit MmdFeatures(Params params) : params_(std::move(params)) {}

  MeasureFacts facts() const override { return mmd_facts(); }
  double exact(const LawPair& laws) const override { return exact_mmd(laws, params_); }

  std::unique_ptr<PooledEstimator> pooled(const Pool& pool, const Stream& stream) const override {
    require_numbers(pool, "mmd_features");
    return std::make_unique<FeatureMmd>(pool, params_, stream);
  }

 private:
  Params params_;
};

TR_REGISTER(Measure, MmdFeatures, "mmd_features",
            "squared maximum mean discrepancy, with random Fourier features",
            "Rahimi & Recht 2007; Zhao & Meng 2015, Neural Comput. 27:1345");

}  // namespace
}  // namespace tightrope
