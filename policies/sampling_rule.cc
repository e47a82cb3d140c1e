// SPDX-License-Identifier: Apache-2.0
#include "policies/sampling_rule.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/check.h"
#include "core/base/math.h"

namespace tightrope {
namespace {

// How many of the first `kept` indices of `order` hold `mass` of their own total.
std::size_t nucleus(std::span<const double> law, std::span<const int> order, std::size_t kept,
                    double mass) {
  double total = 0, sum = 0;
  for (std::size_t i = 0; i < kept; ++i) total += std::exp(law[order[i]]);
  for (std::size_t i = 0; i < kept; ++i) {
    sum += std::exp(law[order[i]]);
    if (sum >= mass * total) return i + 1;
  }
  return kept;
}

}  // namespace

void check_sampling(const SamplingOptions& options) {
  TR_REQUIRE(options.temperature > 0, "temperature must be > 0, got {}", options.temperature);
  TR_REQUIRE(options.top_k >= 0, "top_k must be >= 0, got {}", options.top_k);
  TR_REQUIRE(options.top_p > 0 && options.top_p <= 1, "top_p must be in (0, 1], got {}",
             options.top_p);
}

void shape_law(const SamplingOptions& options, std::span<double> law, std::vector<int>& order) {
  if (options.temperature != 1.0) {
    for (double& value : law) value /= options.temperature;
    normalise_log(law);
  }
  const bool cut = options.top_k > 0 && options.top_k < static_cast<int>(law.size());
  if (!cut && options.top_p >= 1) return;
  order.resize(law.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return law[a] > law[b]; });
  std::size_t kept = cut ? options.top_k : law.size();
  if (options.top_p < 1) kept = nucleus(law, order, kept, options.top_p);
  for (std::size_t i = kept; i < order.size(); ++i) law[order[i]] = kNegativeInfinity;
  normalise_log(law);
}

int draw_index(const SamplingOptions& options, std::span<const double> law, Draws& draws,
               std::vector<double>& weights) {
  if (options.greedy) {
    return static_cast<int>(std::max_element(law.begin(), law.end()) - law.begin());
  }
  weights.resize(law.size());
  for (std::size_t i = 0; i < law.size(); ++i) weights[i] = std::exp(law[i]);
  return draws.categorical(weights);
}

}  // namespace tightrope
