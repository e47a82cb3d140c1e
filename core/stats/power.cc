// SPDX-License-Identifier: Apache-2.0
#include "core/stats/power.h"

#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <cstdint>
#include <limits>

#include "core/base/check.h"
#include "core/stats/interval.h"

namespace tightrope {

double t_test_power(double effect, double deviation, int n, double level) {
  TR_CHECK(effect >= 0 && deviation > 0 && n >= 2, "power of effect {}, deviation {}, n {}", effect,
           deviation, n);
  const double critical = t_quantile((1 + level) / 2, n - 1);
  const boost::math::non_central_t law(n - 1, effect * std::sqrt(n) / deviation);
  return boost::math::cdf(boost::math::complement(law, critical)) +
         boost::math::cdf(law, -critical);
}

double minimal_detectable_effect(double deviation, int n, double power, double level) {
  TR_CHECK(power > 1 - level && power < 1, "power {} at level {}", power, level);
  if (n < 2 || !std::isfinite(deviation)) return std::numeric_limits<double>::quiet_NaN();
  if (deviation == 0) return 0;
  const auto excess = [&](double effect) { return t_test_power(effect, 1, n, level) - power; };
  double high = 1;
  while (excess(high) < 0) high *= 2;
  std::uintmax_t steps = 200;
  const auto [low, up] = boost::math::tools::toms748_solve(
      excess, 0.0, high, boost::math::tools::eps_tolerance<double>(45), steps);
  return (low + up) / 2 * deviation;
}

}  // namespace tightrope
