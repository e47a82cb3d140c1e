// SPDX-License-Identifier: Apache-2.0
#include "optimizers/kl_estimate.h"

#include <cmath>

#include "core/base/check.h"

namespace tightrope {

KlEstimate kl_estimate(KlForm form, double log_ratio, double exponent_clamp) {
  switch (form) {
    case KlForm::kK1:
      return {log_ratio, 1};
    case KlForm::kK2:
      return {0.5 * log_ratio * log_ratio, log_ratio};
    case KlForm::kK3:
      break;
  }
  if (-log_ratio > exponent_clamp) return {std::expm1(exponent_clamp) + log_ratio, 1};
  const double grown = std::expm1(-log_ratio);
  return {grown + log_ratio, -grown};
}

std::vector<std::string> kl_form_names() { return {"k1", "k2", "k3"}; }

KlForm kl_form_of(const std::string& name) {
  TR_CHECK(name == "k1" || name == "k2" || name == "k3", "{}", name);
  return name == "k1" ? KlForm::kK1 : name == "k2" ? KlForm::kK2 : KlForm::kK3;
}

}  // namespace tightrope
