// SPDX-License-Identifier: Apache-2.0
#include "core/tables/table.h"

#include <cmath>

namespace tightrope {

std::optional<double> Published::of(const std::string& arm) const {
  for (const auto& [row, figure] : rows) {
    if (row == arm) return figure;
  }
  return std::nullopt;
}

ResultTable make_table(const std::string& name, const std::vector<std::string>& rows,
                       const std::vector<Column>& columns, const Results& results,
                       const std::string& seed_set, const Published& published) {
  ResultTable table;
  table.name = name;
  table.seed_set = seed_set;
  table.seeds = static_cast<int>(results.seeds(seed_set).size());
  table.columns = columns;
  table.published_source = published.source;
  table.published_unit = published.unit;
  for (const std::string& arm : rows) {
    ResultTable::Row row;
    row.arm = arm;
    row.published = published.of(arm);
    for (const Column& column : columns) {
      row.cells.push_back(mean_interval(results.by_seed(arm, column, seed_set)));
    }
    row.missing = row.cells.empty() ? 0 : table.seeds - row.cells.front().n;
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace tightrope
