// SPDX-License-Identifier: Apache-2.0
// What a rule world says before any image is seen: slot laws and the diagnosis given the site.
#pragma once

#include <vector>

#include "graph/rule_law.h"

namespace tightrope {

class RuleMarginals {
 public:
  // `law` must outlive this object. With report_from image the expectations over the channel are
  // integrals by the trapezoidal rule, exact to 1e-12.
  explicit RuleMarginals(const RuleLaw& law);

  // P(slot_k | u, g), before the cap of mentions.
  SlotLaw slots(int u, int g, int k) const;
  // P(z | u), [U, Z], with the cap of mentions.
  const std::vector<double>& disease_by_site() const { return disease_by_site_; }

 private:
  double disease_second(int u, int g) const;

  const RuleLaw& law_;
  std::vector<double> reading_;  // [K, 2] E[x(v_k) | a_k], only for report_from image
  std::vector<double> disease_by_site_;
};

}  // namespace tightrope
