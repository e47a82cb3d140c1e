// SPDX-License-Identifier: Apache-2.0
#include "core/detectors/kolmogorov_smirnov.h"

#include <algorithm>
#include <cstdlib>

#include "core/base/check.h"

namespace tightrope {

std::int64_t kolmogorov_smirnov_steps(std::span<const double> a, std::span<const double> b) {
  TR_CHECK(a.size() == b.size(), "samples of {} and {}", a.size(), b.size());
  std::size_t i = 0, j = 0;
  std::int64_t most = 0;
  while (i < a.size() && j < b.size()) {
    const double x = std::min(a[i], b[j]);
    while (i < a.size() && a[i] <= x) ++i;
    while (j < b.size() && b[j] <= x) ++j;
    most = std::max(most, std::abs(static_cast<std::int64_t>(i) - static_cast<std::int64_t>(j)));
  }
  return most;
}

double kolmogorov_smirnov_tail(std::int64_t n, std::int64_t steps) {
  TR_CHECK(1 <= steps && steps <= n, "{} steps of {}", steps, n);
  double ratio = 1, sum = 0;  // ratio: C(2 n, n + j) / C(2 n, n)
  for (std::int64_t j = 1; j <= n; ++j) {
    ratio *= static_cast<double>(n - j + 1) / static_cast<double>(n + j);
    if (j % steps == 0) sum += (j / steps) % 2 == 1 ? ratio : -ratio;
  }
  return std::clamp(2 * sum, 0.0, 1.0);
}

}  // namespace tightrope
