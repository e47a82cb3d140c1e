// SPDX-License-Identifier: Apache-2.0
#include "analysis/measures/read_pool.h"

#include <algorithm>

#include "analysis/detection/column_reader.h"
#include "analysis/detection/text_table.h"
#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/config/problems.h"

namespace tightrope {
namespace {

std::vector<double> read_column(const SampleSource& source, const std::string& column) {
  const ColumnOptions options{.column = column, .segment = source.segment, .header = source.header};
  const auto reader = open_column(source.path, options);
  std::vector<double> all;
  for (auto block = reader->next(); !block.empty(); block = reader->next()) {
    all.insert(all.end(), block.begin(), block.end());
  }
  return all;
}

// [points, dimensions] by rows.
std::vector<double> read_points(const SampleSource& source, std::size_t dimensions) {
  if (source.columns.empty()) return read_column(source, "");
  TR_REQUIRE(source.path != "-" || dimensions == 1,
             "the standard input can be read once: one column of it, not {}", dimensions);
  std::vector<double> points;
  for (std::size_t d = 0; d < dimensions; ++d) {
    const std::vector<double> column = read_column(source, source.columns[d]);
    if (d == 0) points.resize(column.size() * dimensions);
    TR_REQUIRE(column.size() * dimensions == points.size(),
               "{}: column {} has {} values, column {} has {}: a point needs one of each",
               source.path, source.columns[d], column.size(), source.columns[0],
               points.size() / dimensions);
    for (std::size_t i = 0; i < column.size(); ++i) points[i * dimensions + d] = column[i];
  }
  return points;
}

// Words have no look by which a header could be told: it is there when it holds the column's name.
std::vector<std::string> read_labels(const SampleSource& source) {
  TR_REQUIRE(source.columns.size() <= 1, "{}: labels stand in one column, not in {}", source.path,
             source.columns.size());
  require_header_option(source.header);
  const std::string wanted = source.columns.empty() ? "" : source.columns[0];
  TableLines lines(source.path);
  std::vector<std::string> labels;
  std::optional<std::size_t> column;
  char separator = ' ';
  for (auto line = lines.next(); line; line = lines.next()) {
    if (!column) {
      separator = separator_of(*line);
      std::vector<std::string> cells;
      for (const TableCell& cell : cells_of(*line, separator)) cells.emplace_back(cell.text);
      const auto found = std::ranges::find(cells, wanted);
      const bool named = !wanted.empty() && found != cells.end();
      const bool digits = std::ranges::all_of(wanted, [](char c) { return c >= '0' && c <= '9'; });
      TR_REQUIRE(!wanted.empty() || cells.size() == 1,
                 "{}: has {} columns, choose one with --column", source.path, cells.size());
      TR_REQUIRE(named || (digits && wanted.size() < 10),
                 "{}: has no column \"{}\"{}; it has \"{}\"", source.path, wanted,
                 did_you_mean(wanted, cells), join(cells, "\", \""));
      column = named            ? static_cast<std::size_t>(found - cells.begin())
               : wanted.empty() ? 0
                                : std::stoul(wanted);
      if (named || source.header == "present") continue;
    }
    const auto cell = cell_at(*line, separator, *column);
    TR_REQUIRE(cell, "{}:{}: has no cell {}", source.path, lines.number(), *column);
    labels.emplace_back(cell->text);
  }
  return labels;
}

}  // namespace

std::string SampleSource::text() const {
  const std::string name = path == "-" ? "standard input" : path;
  const std::string column = columns.empty() ? "" : " column " + join(columns, ", ");
  return name + column + (segment ? fmt::format(" segment {}", *segment) : "");
}

Pool read_pool(const SampleSource& first, const SampleSource& second, bool labels) {
  TR_REQUIRE(first.path != "-" || second.path != "-",
             "the standard input can be read once: only one of the samples may be \"-\"");
  if (labels) return Pool::of_labels(read_labels(first), read_labels(second));
  const std::size_t dimensions = std::max<std::size_t>(1, first.columns.size());
  const std::size_t others = std::max<std::size_t>(1, second.columns.size());
  TR_REQUIRE(dimensions == others, "{} has {} dimensions, {} has {}: they must have the same",
             first.text(), dimensions, second.text(), others);
  return Pool::of(read_points(first, dimensions), read_points(second, dimensions), dimensions);
}

}  // namespace tightrope
