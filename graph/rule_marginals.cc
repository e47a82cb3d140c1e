// SPDX-License-Identifier: Apache-2.0
#include "graph/rule_marginals.h"

#include <cmath>

#include "core/base/math.h"

namespace tightrope {
namespace {

// E[f_1 / (f_0 + f_1)] for v ~ N(shift + sign signal, noise^2), over +-12 standard deviations.
double expected_reading(const RuleLaw& law, int k, double sign) {
  constexpr int kPoints = 1200;
  constexpr double kReach = 12;
  const double step = 2 * kReach / kPoints;
  double sum = 0;
  for (int i = 0; i <= kPoints; ++i) {
    const double x = -kReach + step * i;
    const double v = law.shift[k] + sign * law.signal[k] + law.noise[k] * x;
    sum += std::exp(-0.5 * x * x) * sigmoid(law.log_odds(k, v));
  }
  return sum * step / std::sqrt(2 * kPi);
}

}  // namespace

RuleMarginals::RuleMarginals(const RuleLaw& law) : law_(law) {
  for (int k = 0; k < law.attributes && law.report_from_image; ++k) {
    reading_.push_back(expected_reading(law, k, 0));
    const double q = law.polarity[k];
    double present = q > 0 ? q * expected_reading(law, k, 1) : 0;
    if (q < 1) present += (1 - q) * expected_reading(law, k, -1);
    reading_.push_back(present);
  }
  disease_by_site_.assign(static_cast<std::size_t>(law.sites) * law.diseases, 0.0);
  for (int u = 0; u < law.sites; ++u) {
    double* row = disease_by_site_.data() + static_cast<std::size_t>(u) * law.diseases;
    for (int g = 0; g < law.categories; ++g) {
      const double mass = law.category[static_cast<std::size_t>(u) * law.categories + g];
      const double second = law.is_pair(g) ? disease_second(u, g) : 0;
      row[law.member[g][0]] += mass * (1 - second);
      if (law.is_pair(g)) row[law.member[g][1]] += mass * second;
    }
  }
}

SlotLaw RuleMarginals::slots(int u, int g, int k) const {
  const double theta = law_.theta_of(u, g, k);
  if (!law_.report_from_image) return law_.slots(u, k, theta);
  return law_.slots(u, k, theta * reading_[2 * k + 1] + (1 - theta) * reading_[2 * k]);
}

double RuleMarginals::disease_second(int u, int g) const {
  std::vector<SlotLaw> slot(law_.attributes);
  for (int k = 0; k < law_.attributes; ++k) slot[k] = slots(u, g, k);
  RuleTable table;
  table.fill(law_, g, slot);
  const double holds = table.at(0, law_.max_mentions, false);
  return holds * (1 - law_.flip) + (1 - holds) * law_.flip;
}

}  // namespace tightrope
