// SPDX-License-Identifier: Apache-2.0
#include "core/tables/results.h"

#include <algorithm>
#include <limits>
#include <set>

namespace tightrope {

std::vector<std::int64_t> Results::seeds(const std::string& seed_set) const {
  std::set<std::int64_t> seen;
  for (const RunResult& run : runs_) {
    if (run.seed_set == seed_set) seen.insert(run.seed);
  }
  return {seen.begin(), seen.end()};
}

std::vector<double> Results::by_seed(const std::string& arm, const Column& column,
                                     const std::string& seed_set) const {
  Column wanted = column;
  if (wanted.environment.empty()) wanted.environment = default_environment_;
  const std::vector<std::int64_t> all = seeds(seed_set);
  std::vector<double> out(all.size(), std::numeric_limits<double>::quiet_NaN());
  for (const RunResult& run : runs_) {
    if (run.arm != arm || run.seed_set != seed_set) continue;
    const auto value = run.values.find(wanted);
    if (value == run.values.end()) continue;
    const auto place = std::lower_bound(all.begin(), all.end(), run.seed);
    out[static_cast<std::size_t>(place - all.begin())] = value->second;
  }
  return out;
}

}  // namespace tightrope
