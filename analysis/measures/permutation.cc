// SPDX-License-Identifier: Apache-2.0
#include "analysis/measures/permutation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr std::size_t kMostEntries = std::size_t{1} << 24;  // of a block of permutations: 64 MiB
constexpr std::size_t kBlock = 64;

void shuffle(std::span<std::uint32_t> order, Draws draws) {
  std::iota(order.begin(), order.end(), 0U);
  for (auto i = static_cast<std::uint32_t>(order.size()); i > 1; --i) {
    std::swap(order[i - 1], order[draws.below(i)]);
  }
}

std::vector<double> permuted_estimates(const PooledEstimator& estimator, std::size_t points,
                                       int permutations, const Stream& stream) {
  const std::size_t total = static_cast<std::size_t>(permutations);
  const std::size_t block =
      std::min({kBlock, std::max<std::size_t>(1, kMostEntries / points), total});
  std::vector<std::uint32_t> orders(block * points);
  std::vector<double> estimates(total);
  for (std::size_t done = 0; done < total; done += block) {
    const std::size_t count = std::min(block, total - done);
    for (std::size_t b = 0; b < count; ++b) {
      shuffle(std::span(orders).subspan(b * points, points),
              stream.at(static_cast<std::uint32_t>(done + b)));
    }
    estimator.estimate(std::span(orders).first(count * points),
                       std::span(estimates).subspan(done, count));
  }
  return estimates;
}

double mean_of(const std::vector<double>& x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

// Rounding must not tell apart what is equal: sums over the same points in another order.
double slack_of(const std::vector<double>& estimates, double value) {
  double largest = std::isfinite(value) ? std::abs(value) : 0;
  for (const double x : estimates) {
    if (std::isfinite(x)) largest = std::max(largest, std::abs(x));
  }
  return 1e-8 * largest;
}

}  // namespace

PermutationResult permutation_test(const Measure& measure, const Pool& pool, int permutations,
                                   const Stream& stream) {
  TR_REQUIRE(permutations >= 1, "permutations = {}: at least 1 is needed", permutations);
  const auto estimator = measure.pooled(pool, stream.child(1));
  PermutationResult result;
  result.estimator = estimator->text();
  result.permutations = permutations;
  std::vector<std::uint32_t> as_given(pool.size());
  std::iota(as_given.begin(), as_given.end(), 0U);
  estimator->estimate(as_given, std::span(&result.value, 1));
  std::vector<double> null = permuted_estimates(*estimator, pool.size(), permutations, stream);
  result.null_mean = mean_of(null);
  const double bar = result.value - slack_of(null, result.value);
  const auto reach = std::count_if(null.begin(), null.end(), [bar](double x) { return x >= bar; });
  result.p = (1.0 + static_cast<double>(reach)) / (1.0 + permutations);
  const auto rank = static_cast<std::ptrdiff_t>(std::ceil(0.95 * permutations)) - 1;
  std::nth_element(null.begin(), null.begin() + rank, null.end());
  result.null_95 = null[static_cast<std::size_t>(rank)];
  return result;
}

}  // namespace tightrope
