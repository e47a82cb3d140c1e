// SPDX-License-Identifier: Apache-2.0
#include "core/stats/counts.h"

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>

#include "core/base/check.h"

namespace tightrope {

ShareInterval wilson_interval(std::int64_t successes, std::int64_t trials, double level) {
  TR_CHECK(successes >= 0 && successes <= trials && level > 0 && level < 1, "{} of {}, {}",
           successes, trials, level);
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (trials == 0) return {0, 0, kNone, kNone, kNone};
  const double z = quantile(boost::math::normal(), (1 + level) / 2);
  const auto n = static_cast<double>(trials);
  const double share = static_cast<double>(successes) / n;
  const double centre = share + z * z / (2 * n);
  const double half = z * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  const double scale = 1 + z * z / n;
  // Rounding must not leave the ends that are exactly 0 and 1.
  return {successes, trials, share, successes == 0 ? 0 : (centre - half) / scale,
          successes == trials ? 1 : (centre + half) / scale};
}

double least_exposure(std::int64_t events, double exposure, double level) {
  TR_CHECK(events >= 0 && exposure > 0 && level > 0 && level < 1, "{} in {}, {}", events, exposure,
           level);
  const boost::math::chi_squared law(2.0 * (static_cast<double>(events) + 1));
  return 2 * exposure / quantile(law, level);
}

}  // namespace tightrope
