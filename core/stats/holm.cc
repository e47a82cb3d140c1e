// SPDX-License-Identifier: Apache-2.0
#include "core/stats/holm.h"

#include <algorithm>
#include <numeric>

#include "core/base/check.h"

namespace tightrope {

std::vector<double> holm(std::span<const double> p_values) {
  for (double p : p_values) TR_CHECK(p >= 0 && p <= 1, "p-value {} in Holm's correction", p);
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double factor = static_cast<double>(order.size() - i);
    largest = std::max(largest, std::min(1.0, factor * p_values[order[i]]));
    adjusted[order[i]] = largest;
  }
  return adjusted;
}

}  // namespace tightrope
