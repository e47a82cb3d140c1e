// SPDX-License-Identifier: Apache-2.0
#include "core/tables/table.h"

#include <cmath>

namespace tightrope {

const Published::Row* Published::of(const std::string& arm) const {
  for (const Row& row : rows) {
    if (row.arm == arm) return &row;
  }
  return nullptr;
}

namespace {

std::vector<std::optional<double>> published_cells(const Published::Row& from,
                                                   const std::vector<Column>& columns) {
  if (from.cells.empty()) return {};
  std::vector<std::optional<double>> out(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    for (const auto& [column, figure] : from.cells) {
      if (column == columns[i]) out[i] = figure;
    }
  }
  return out;
}

}  // namespace

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
    if (const Published::Row* paper = published.of(arm)) {
      row.published = paper->figure;
      row.published_cells = published_cells(*paper, columns);
    }
    for (const Column& column : columns) {
      row.cells.push_back(mean_interval(results.by_seed(arm, column, seed_set)));
    }
    row.missing = row.cells.empty() ? 0 : table.seeds - row.cells.front().n;
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace tightrope
