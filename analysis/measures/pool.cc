// SPDX-License-Identifier: Apache-2.0
#include "analysis/measures/pool.h"

#include <cmath>
#include <limits>
#include <map>

#include "core/base/check.h"

namespace tightrope {
namespace {

void append(Pool& pool, std::span<const double> values, const char* name) {
  TR_REQUIRE(values.size() % pool.dimensions == 0,
             "the {} sample has {} values: not a multiple of {} per point", name, values.size(),
             pool.dimensions);
  const std::size_t points = values.size() / pool.dimensions;
  TR_REQUIRE(points >= 2, "the {} sample has {} points: at least 2 are needed", name, points);
  for (std::size_t i = 0; i < values.size(); ++i) {
    TR_REQUIRE(std::isfinite(values[i]), "the {} sample has {} at point {}: it must be finite",
               name, values[i], i / pool.dimensions);
  }
  pool.values.insert(pool.values.end(), values.begin(), values.end());
}

}  // namespace

Pool Pool::of(std::span<const double> x, std::span<const double> y, std::size_t dimensions) {
  TR_CHECK(dimensions > 0, "{}", dimensions);
  Pool pool;
  pool.dimensions = dimensions;
  append(pool, x, "first");
  append(pool, y, "second");
  pool.first = x.size() / dimensions;
  pool.second = y.size() / dimensions;
  TR_REQUIRE(pool.size() <= std::numeric_limits<std::uint32_t>::max(),
             "{} points together: at most {} are read", pool.size(),
             std::numeric_limits<std::uint32_t>::max());
  return pool;
}

Pool Pool::of_labels(std::span<const std::string> x, std::span<const std::string> y) {
  std::map<std::string, int> codes;
  for (const auto& side : {x, y}) {
    for (const std::string& label : side) codes[label] = 0;
  }
  int next = 0;
  for (auto& [label, code] : codes) code = next++;
  std::vector<double> a, b;
  for (const std::string& label : x) a.push_back(codes[label]);
  for (const std::string& label : y) b.push_back(codes[label]);
  Pool pool = of(a, b);
  pool.categories = next;
  return pool;
}

}  // namespace tightrope
