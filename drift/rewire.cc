// SPDX-License-Identifier: Apache-2.0
#include "drift/rewire.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/hash.h"

namespace tightrope {
namespace {

// Axis numbers and strides of a table's disease and attribute axes.
struct Axes {
  int diseases = 0, attributes = 0;
  std::size_t disease_stride = 0, attribute_stride = 0;
};

Axes axes_of(const Table& table) {
  Axes axes;
  std::size_t stride = 1;
  for (int d = static_cast<int>(table.dims.size()) - 1; d >= 0; --d) {
    if (table.dims[d] == "disease" || table.dims[d] == "category") {
      axes.diseases = table.shape[d];
      axes.disease_stride = stride;
    } else if (table.dims[d] == "attribute") {
      axes.attributes = table.shape[d];
      axes.attribute_stride = stride;
    }
    stride *= static_cast<std::size_t>(table.shape[d]);
  }
  TR_REQUIRE(
      axes.diseases > 0 && axes.attributes > 0,
      "to = rewired: table {} has the axes [{}]; needed are disease (or category) and attribute",
      table.name, fmt::join(table.dims, ", "));
  return axes;
}

// Entries [Z][K][...] of every (disease, attribute) over all other axes.
using Cells = std::vector<std::vector<std::vector<std::size_t>>>;

Cells cells_of(const Table& table, const Axes& axes) {
  Cells cells(static_cast<std::size_t>(axes.diseases));
  for (auto& row : cells) row.resize(static_cast<std::size_t>(axes.attributes));
  for (std::size_t i = 0; i < table.values.size(); ++i) {
    const std::size_t z = i / axes.disease_stride % static_cast<std::size_t>(axes.diseases);
    const std::size_t k = i / axes.attribute_stride % static_cast<std::size_t>(axes.attributes);
    cells[z][k].push_back(i);
  }
  return cells;
}

double mean_of(const Table& table, const std::vector<std::size_t>& entries) {
  double sum = 0;
  for (std::size_t i : entries) sum += table.values[i];
  return sum / static_cast<double>(entries.size());
}

struct Edges {
  std::vector<int> associated;
  std::vector<int> irrelevant;
};

Edges edges_of(const std::vector<double>& mean) {
  const auto [low, high] = std::minmax_element(mean.begin(), mean.end());
  const double middle = (*low + *high) / 2;
  std::vector<double> lower;
  for (double value : mean) {
    if (value <= middle) lower.push_back(value);
  }
  std::nth_element(lower.begin(), lower.begin() + static_cast<std::ptrdiff_t>(lower.size() / 2),
                   lower.end());
  const double median = lower[lower.size() / 2];
  Edges edges;
  for (int k = 0; k < static_cast<int>(mean.size()); ++k) {
    if (mean[k] > middle) {
      edges.associated.push_back(k);
    } else if (mean[k] >= median / 2) {
      edges.irrelevant.push_back(k);
    }
  }
  return edges;
}

}  // namespace

std::vector<double> rewired(const Table& table, double fraction, const Stream& stream) {
  const Axes axes = axes_of(table);
  const Stream path = stream.child(hash64(table.name));
  std::vector<double> out = table.values;
  const Cells all = cells_of(table, axes);
  for (int z = 0; z < axes.diseases; ++z) {
    const auto& cells = all[z];
    std::vector<double> mean;
    for (const auto& entries : cells) mean.push_back(mean_of(table, entries));
    Edges edges = edges_of(mean);
    Draws draws = path.at(0, static_cast<std::uint32_t>(z));
    for (int k : edges.associated) {
      const bool moves = draws.uniform() < fraction;
      if (edges.irrelevant.empty()) break;
      const auto partner = edges.irrelevant.begin() +
                           draws.below(static_cast<std::uint32_t>(edges.irrelevant.size()));
      if (!moves) continue;
      for (std::size_t i = 0; i < cells[k].size(); ++i) {
        std::swap(out[cells[k][i]], out[cells[*partner][i]]);
      }
      edges.irrelevant.erase(partner);
    }
  }
  return out;
}

}  // namespace tightrope
