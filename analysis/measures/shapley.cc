// SPDX-License-Identifier: Apache-2.0
#include "analysis/measures/shapley.h"

#include <bit>
#include <cmath>

#include "core/base/check.h"

namespace tightrope {
namespace {

// |S|! (n - |S| - 1)! / n! by |S|: 1 / (n C(n - 1, |S|)).
std::vector<double> weights_of(int causes) {
  std::vector<double> weights(causes);
  double choose = 1;
  for (int size = 0; size < causes; ++size) {
    weights[size] = 1 / (causes * choose);
    choose = choose * (causes - 1 - size) / (size + 1);
  }
  return weights;
}

}  // namespace

std::vector<double> shapley(std::span<const double> values) {
  const std::size_t subsets = values.size();
  TR_REQUIRE(std::has_single_bit(subsets) && subsets <= std::size_t{1} << kMostShapleyCauses,
             "{} values of subsets: 2^n are needed, n at most {}", subsets, kMostShapleyCauses);
  for (std::size_t s = 0; s < subsets; ++s) {
    TR_REQUIRE(std::isfinite(values[s]), "the value of subset {:b} is {}: it must be finite", s,
               values[s]);
  }
  const int causes = std::countr_zero(subsets);
  const std::vector<double> weights = weights_of(causes);
  std::vector<double> phi(causes, 0.0);
  for (int j = 0; j < causes; ++j) {
    const std::size_t bit = std::size_t{1} << j;
    for (std::size_t s = 0; s < subsets; ++s) {
      if ((s & bit) == 0) phi[j] += weights[std::popcount(s)] * (values[s | bit] - values[s]);
    }
  }
  return phi;
}

std::vector<double> shapley(int causes, const std::function<double(std::uint32_t)>& v) {
  TR_REQUIRE(causes >= 0 && causes <= kMostShapleyCauses,
             "{} causes: their subsets are enumerated, at most {} are", causes, kMostShapleyCauses);
  std::vector<double> values(std::size_t{1} << causes);
  for (std::size_t s = 0; s < values.size(); ++s) values[s] = v(static_cast<std::uint32_t>(s));
  return shapley(values);
}

}  // namespace tightrope
