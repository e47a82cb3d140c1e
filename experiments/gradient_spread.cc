// SPDX-License-Identifier: Apache-2.0
#include "experiments/gradient_spread.h"

#include <cmath>
#include <limits>

#include "core/base/check.h"

namespace tightrope {

GradientSpread::GradientSpread(std::span<const float> exact)
    : exact_(exact.begin(), exact.end()), mean_(exact.size(), 0.0) {
  for (const double e : exact_) norm_ += e * e;
}

// Welford's update: no estimate is kept.
void GradientSpread::add(std::span<const float> estimate) {
  TR_CHECK(estimate.size() == exact_.size(), "{} entries of {}", estimate.size(), exact_.size());
  ++count_;
  const double n = static_cast<double>(count_);
  double along = 0;
  for (std::size_t i = 0; i < exact_.size(); ++i) {
    const double before = estimate[i] - mean_[i];
    mean_[i] += before / n;
    squares_ += before * (estimate[i] - mean_[i]);
    along += estimate[i] * exact_[i];
  }
  const double before = along - along_mean_;
  along_mean_ += before / n;
  along_squares_ += before * (along - along_mean_);
}

std::vector<std::string> GradientSpread::metrics() {
  return {"estimator/bias",     "estimator/bias_error", "estimator/bias_squared",
          "estimator/variance", "estimator/scale",      "estimator/scale_error",
          "estimator/off_axis", "estimator/cosine"};
}

void GradientSpread::add_to(MetricSums& metrics) const {
  TR_CHECK(count_ >= 2, "{} estimates", count_);
  const double n = static_cast<double>(count_);
  double distance = 0, length = 0;
  for (std::size_t i = 0; i < exact_.size(); ++i) {
    distance += (mean_[i] - exact_[i]) * (mean_[i] - exact_[i]);
    length += mean_[i] * mean_[i];
  }
  const double variance = squares_ / (n - 1);
  const double along = norm_ > 0 ? along_squares_ / (n - 1) / norm_ : 0;  // variance along e
  const double across = length - (norm_ > 0 ? along_mean_ * along_mean_ / norm_ : 0);
  const auto relative = [&](const char* name, double value, double unit) {
    metrics[name] = {unit > 0 ? value / unit : std::numeric_limits<double>::quiet_NaN(), 1};
  };
  relative("estimator/bias", std::sqrt(distance), std::sqrt(norm_));
  relative("estimator/bias_error", std::sqrt(variance / n), std::sqrt(norm_));
  relative("estimator/bias_squared", distance - variance / n, norm_);
  relative("estimator/variance", variance, norm_);
  relative("estimator/scale", along_mean_, norm_);
  relative("estimator/scale_error", std::sqrt(along / n), std::sqrt(norm_));
  relative("estimator/off_axis", across - (variance - along) / n, norm_);
  relative("estimator/cosine", along_mean_, std::sqrt(length * norm_));
}

}  // namespace tightrope
