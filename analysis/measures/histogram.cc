// SPDX-License-Identifier: Apache-2.0
#include "analysis/measures/histogram.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/check.h"

namespace tightrope {
namespace {

// The bin of each point, [N], and how many bins there are.
struct Cells {
  std::vector<std::uint32_t> of_point;
  std::size_t count = 0;
  std::string text;
};

// A value belongs to the bin whose lower edge is the greatest at or below it.
Cells cut(const Pool& pool, std::vector<double> inner_edges) {
  inner_edges.erase(std::unique(inner_edges.begin(), inner_edges.end()), inner_edges.end());
  Cells cells;
  cells.count = inner_edges.size() + 1;
  for (const double x : pool.values) {
    const auto bin = std::upper_bound(inner_edges.begin(), inner_edges.end(), x);
    cells.of_point.push_back(static_cast<std::uint32_t>(bin - inner_edges.begin()));
  }
  return cells;
}

Cells equal_width(const Pool& pool, int bins) {
  const auto [low, high] = std::minmax_element(pool.values.begin(), pool.values.end());
  std::vector<double> edges;
  for (int k = 1; k < bins && *low < *high; ++k) {
    edges.push_back(*low + k * ((*high - *low) / bins));
  }
  Cells cells = cut(pool, std::move(edges));
  cells.text = fmt::format("plug-in over {} bins of equal width", cells.count);
  return cells;
}

Cells equal_count(const Pool& pool, int bins) {
  std::vector<double> sorted = pool.values;
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> edges;
  for (int k = 1; k < bins; ++k) {
    const std::size_t rank = sorted.size() * static_cast<std::size_t>(k) / bins;
    if (sorted[rank] > sorted.front()) edges.push_back(sorted[rank]);
  }
  Cells cells = cut(pool, std::move(edges));
  cells.text = fmt::format("plug-in over {} bins of equal pooled count", cells.count);
  return cells;
}

Cells labels(const Pool& pool) {
  Cells cells;
  cells.count = static_cast<std::size_t>(pool.categories);
  for (const double code : pool.values) cells.of_point.push_back(static_cast<std::uint32_t>(code));
  cells.text = fmt::format("plug-in over {} categories", cells.count);
  return cells;
}

class PooledHistogram final : public PooledEstimator {
 public:
  PooledHistogram(const Measure& measure, Cells cells, std::size_t first)
      : measure_(measure), cells_(std::move(cells)), first_(first), all_(cells_.count) {
    for (const std::uint32_t cell : cells_.of_point) all_[cell] += 1;
  }

  std::string text() const override { return cells_.text; }

  void estimate(std::span<const std::uint32_t> orders, std::span<double> estimates) const override {
    const std::size_t points = cells_.of_point.size();
    std::vector<double> here(cells_.count), there(cells_.count);
    for (std::size_t b = 0; b < estimates.size(); ++b) {
      std::fill(here.begin(), here.end(), 0.0);
      for (const std::uint32_t i : orders.subspan(b * points, first_)) {
        here[cells_.of_point[i]] += 1;
      }
      for (std::size_t k = 0; k < there.size(); ++k) there[k] = all_[k] - here[k];
      estimates[b] = measure_.exact(LawPair::of_counts(here, there));
    }
  }

 private:
  const Measure& measure_;
  Cells cells_;
  std::size_t first_;
  std::vector<double> all_;
};

}  // namespace

Schema<HistogramParams> HistogramParams::schema() {
  Schema<HistogramParams> s;
  add_histogram_fields(s);
  return s;
}

Schema<FlooredParams> FlooredParams::schema() {
  Schema<FlooredParams> s;
  add_histogram_fields(s);
  s.field("floor", &FlooredParams::floor,
          {.unit = "1",
           .range = between(0, 1),
           .help = "shares below it are raised to it, without making the law sum to 1 again; 0: "
                   "an empty cell makes the measure infinite"});
  return s;
}

std::unique_ptr<PooledEstimator> pooled_histogram(const Measure& measure, const Pool& pool,
                                                  const HistogramParams& params) {
  TR_REQUIRE(pool.dimensions == 1,
             "points of {} dimensions have no bins here: mmd and energy take them",
             pool.dimensions);
  Cells cells = pool.categories > 0            ? labels(pool)
                : params.binning == "quantile" ? equal_count(pool, params.bins)
                                               : equal_width(pool, params.bins);
  return std::make_unique<PooledHistogram>(measure, std::move(cells), pool.first);
}

}  // namespace tightrope
