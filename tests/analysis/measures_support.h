// SPDX-License-Identifier: Apache-2.0
// Measures from their YAML, estimates of two samples, random laws.
#pragma once

#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "analysis/measures/measure.h"
#include "core/base/math.h"
#include "core/config/yaml.h"

namespace tightrope::measure_test {

inline const Stream kStream(7, Purpose::kStatistics, 1);

// Throws ConfigError when the YAML is refused.
inline std::shared_ptr<const Measure> make_measure(const std::string& yaml) {
  Problems problems;
  auto measure = Registry<Measure>::get().build(parse_yaml(yaml, "test"), "measure", problems);
  problems.throw_if_any();
  return measure;
}

inline double exact(const std::string& yaml, const LawPair& laws) {
  return make_measure(yaml)->exact(laws);
}

// Between the samples as they are.
inline double estimate(const Measure& measure, const Pool& pool) {
  std::vector<std::uint32_t> order(pool.size());
  std::iota(order.begin(), order.end(), 0U);
  double value = 0;
  measure.pooled(pool, kStream)->estimate(order, {&value, 1});
  return value;
}

// Normal draws, [count, dimensions].
inline std::vector<double> normals(Draws& draws, int count, double mean = 0) {
  std::vector<double> x;
  for (int i = 0; i < count; ++i) x.push_back(mean + draws.normal());
  return x;
}

// A law over `cells`; a third of them empty when `zeros`, never all.
inline std::vector<double> random_law(Draws& draws, int cells, bool zeros) {
  std::vector<double> law(cells);
  for (double& x : law) x = zeros && draws.bernoulli(0.33) ? kNegativeInfinity : 2 * draws.normal();
  law[draws.below(static_cast<std::uint32_t>(cells))] = 0;
  normalise_log(law);
  for (double& x : law) x = std::exp(x);
  return law;
}

}  // namespace tightrope::measure_test
