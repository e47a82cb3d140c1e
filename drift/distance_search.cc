// SPDX-License-Identifier: Apache-2.0
#include "drift/distance_search.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"

namespace tightrope {
namespace {

double measured(const std::string& distance, const MechanismDistance& row) {
  if (distance == "kl") return row.kl;
  return distance == "hellinger" ? row.hellinger : row.total_variation;
}

}  // namespace

const std::vector<std::string>& distance_names() {
  static const std::vector<std::string> names = {"kl", "hellinger", "total_variation"};
  return names;
}

double whole_distance(const std::vector<MechanismDistance>& rows, const std::string& distance,
                      const std::string& mechanism) {
  double total = 0;
  std::vector<std::string> names;
  for (const MechanismDistance& row : rows) {
    const double value = measured(distance, row);
    if (row.mechanism == mechanism) return value;
    total = distance == "kl" ? total + value : std::max(total, value);
    names.push_back(row.mechanism);
  }
  TR_REQUIRE(mechanism.empty(), "mechanism = {}: this world has {}", mechanism,
             fmt::join(names, ", "));
  return total;
}

std::optional<double> weight_at_distance(const std::function<double(double)>& distance,
                                         double wanted, double tolerance) {
  double low = 0, high = 1;
  for (int step = 0; step < 200; ++step) {
    const double middle = 0.5 * (low + high);
    const double here = distance(middle);
    if (std::abs(here - wanted) <= tolerance) return middle;
    (here < wanted ? low : high) = middle;
  }
  return std::nullopt;
}

}  // namespace tightrope
