// SPDX-License-Identifier: Apache-2.0
#include "optimizers/f_divergence.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/math.h"

namespace tightrope {
namespace {

// Nearer to 1 than this, alpha means reverse KL (as in TRL).
constexpr double kAlphaIsOne = 1e-6;

// exp(a d) / a and its slope exp(a d), the exponent clamped.
Score power_score(double a, double d, double clamp) {
  const double exponent = a * d;
  const double power = std::exp(std::min(exponent, clamp));
  return {power / a, exponent > clamp ? 0.0 : power};
}

}  // namespace

std::vector<std::string> divergence_names() { return {"reverse_kl", "forward_kl", "js", "alpha"}; }

Divergence divergence_of(const std::string& name) {
  const std::vector<std::string> names = divergence_names();
  const auto found = std::find(names.begin(), names.end(), name);
  TR_CHECK(found != names.end(), "f_divergence {}", name);
  return static_cast<Divergence>(found - names.begin());
}

Score divergence_score(const DivergenceOptions& options, double d) {
  switch (options.kind) {
    case Divergence::kReverseKl:
      return {d, 1.0};
    case Divergence::kForwardKl:
      return power_score(-1.0, d, options.exponent_clamp);
    case Divergence::kJs:
      return {log_sigmoid(d), sigmoid(-d)};
    case Divergence::kAlpha:
      if (std::abs(options.alpha - 1.0) < kAlphaIsOne) return {d, 1.0};
      return power_score(options.alpha - 1.0, d, options.exponent_clamp);
  }
  return {d, 1.0};
}

}  // namespace tightrope
