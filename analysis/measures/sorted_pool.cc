// SPDX-License-Identifier: Apache-2.0
#include "analysis/measures/sorted_pool.h"

#include <algorithm>
#include <numeric>

#include "core/base/check.h"

namespace tightrope {
namespace {

std::vector<std::uint32_t> sorted_indices(std::span<const double> values) {
  std::vector<std::uint32_t> sorted(values.size());
  std::iota(sorted.begin(), sorted.end(), 0U);
  std::sort(sorted.begin(), sorted.end(),
            [values](std::uint32_t a, std::uint32_t b) { return values[a] < values[b]; });
  return sorted;
}

class SortedPool final : public PooledEstimator {
 public:
  SortedPool(const LineDistance& distance, const Pool& pool, std::string text)
      : distance_(distance), text_(std::move(text)), first_(pool.first), second_(pool.second) {
    const std::vector<std::uint32_t> sorted = sorted_indices(pool.values);
    rank_.resize(sorted.size());
    for (std::size_t k = 0; k < sorted.size(); ++k) {
      rank_[sorted[k]] = static_cast<std::uint32_t>(k);
      if (k > 0) gaps_.push_back(pool.values[sorted[k]] - pool.values[sorted[k - 1]]);
    }
  }

  std::string text() const override { return text_; }

  void estimate(std::span<const std::uint32_t> orders, std::span<double> estimates) const override {
    const std::size_t points = rank_.size();
    const double step = 1.0 / static_cast<double>(first_),
                 back = 1.0 / static_cast<double>(second_);
    std::vector<std::uint8_t> in_first(points);
    for (std::size_t b = 0; b < estimates.size(); ++b) {
      std::fill(in_first.begin(), in_first.end(), 0);
      for (const std::uint32_t i : orders.subspan(b * points, first_)) in_first[rank_[i]] = 1;
      double sum = 0;
      std::size_t seen = 0;
      for (std::size_t k = 0; k < gaps_.size(); ++k) {
        seen += in_first[k];
        const double f = static_cast<double>(seen) * step;
        const double g = static_cast<double>(k + 1 - seen) * back;
        sum += gaps_[k] * distance_.of_difference(f - g);
      }
      estimates[b] = distance_.of_sum(sum);
    }
  }

 private:
  LineDistance distance_;
  std::string text_;
  std::size_t first_, second_;
  std::vector<std::uint32_t> rank_;
  std::vector<double> gaps_;
};

}  // namespace

double line_distance(const LineDistance& distance, std::span<const double> p,
                     std::span<const double> q, std::span<const double> positions) {
  const std::vector<std::uint32_t> sorted = sorted_indices(positions);
  double difference = 0, sum = 0;
  for (std::size_t k = 0; k + 1 < sorted.size(); ++k) {
    difference += p[sorted[k]] - q[sorted[k]];
    sum += (positions[sorted[k + 1]] - positions[sorted[k]]) * distance.of_difference(difference);
  }
  return distance.of_sum(sum);
}

std::unique_ptr<PooledEstimator> pooled_line_distance(const LineDistance& distance,
                                                      const Pool& pool, std::string text) {
  TR_CHECK(pool.dimensions == 1 && pool.categories == 0, "{} {}", pool.dimensions, pool.categories);
  return std::make_unique<SortedPool>(distance, pool, std::move(text));
}

}  // namespace tightrope
