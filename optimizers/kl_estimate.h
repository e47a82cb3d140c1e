// SPDX-License-Identifier: Apache-2.0
// Estimators of KL(pi || reference) from tokens that pi drew, with l = log pi - log reference of
// the token (Schulman 2020, "Approximating KL divergence"):
//
//   k1 = l    k2 = l^2 / 2    k3 = exp(-l) - 1 + l
//
// As a value k1 and k3 are unbiased. As a loss, whose gradient flows through l alone, the expected
// gradient of k1 is 0, of k2 that of KL(pi || reference), of k3 that of KL(reference || pi).
#pragma once

#include <string>
#include <vector>

namespace tightrope {

enum class KlForm { kK1, kK2, kK3 };

struct KlEstimate {
  double value = 0;  // nat
  double slope = 0;  // d value / d l
};

// exp(-l) grows no further, and has no slope, beyond exp(exponent_clamp).
KlEstimate kl_estimate(KlForm form, double log_ratio, double exponent_clamp);

std::vector<std::string> kl_form_names();  // k1, k2, k3
KlForm kl_form_of(const std::string& name);

}  // namespace tightrope
