// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/strings.h"
#include "core/tables/render_detail.h"
#include "core/tables/table.h"

namespace tightrope {

using internal::escape_latex;

namespace {

std::string cell_text(const Interval& cell, const char* plus_minus) {
  if (cell.n == 0) return "-";
  if (!std::isfinite(cell.half_width)) return fmt::format("{:.3f}", cell.mean);
  return fmt::format("{:.3f} {} {:.3f}", cell.mean, plus_minus, cell.half_width);
}

// With one decimal at least: as the papers print them.
std::string figure_text(const std::optional<double>& figure) {
  if (!figure) return "-";
  const std::string shortest = fmt::format("{}", *figure);
  return shortest.find('.') == std::string::npos ? fmt::format("{:.1f}", *figure) : shortest;
}

// A column of its own holds one figure per row; figures by column stand in a line of their own.
bool has_published_column(const ResultTable& table) {
  return !table.published_source.empty() &&
         std::none_of(table.rows.begin(), table.rows.end(),
                      [](const ResultTable::Row& row) { return !row.published_cells.empty(); });
}

std::string arm_text(const ResultTable::Row& row) {
  if (row.missing == 0) return row.arm;
  return fmt::format("{} ({} seeds missing)", row.arm, row.missing);
}

}  // namespace

std::string to_markdown(const ResultTable& table) {
  const bool published = has_published_column(table);
  std::string out = fmt::format("**{}**: mean and 95 % t interval over {} {} seeds", table.name,
                                table.seeds, table.seed_set);
  out += "\n\n| arm |";
  std::string rule = "\n|---|";
  for (const Column& column : table.columns) {
    out += fmt::format(" {} |", column.text());
    rule += "---|";
  }
  if (published) {
    out += fmt::format(" published ({}) |", table.published_unit);
    rule += "---|";
  }
  out += rule;
  for (const ResultTable::Row& row : table.rows) {
    out += fmt::format("\n| {} |", arm_text(row));
    for (const Interval& cell : row.cells) out += fmt::format(" {} |", cell_text(cell, "±"));
    if (published) out += fmt::format(" {} |", figure_text(row.published));
    if (row.published_cells.empty()) continue;
    out += fmt::format("\n| published ({}) |", table.published_unit);
    for (const auto& figure : row.published_cells) out += fmt::format(" {} |", figure_text(figure));
  }
  out += "\n";
  if (!table.published_source.empty())
    out += fmt::format("\nPublished: {}\n", table.published_source);
  return out;
}

std::string to_csv(const ResultTable& table) {
  std::string out = "table,seed_set,arm,column,n,mean,half_width,low,high,deviation,published\n";
  for (const ResultTable::Row& row : table.rows) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const Interval& cell = row.cells[i];
      const std::optional<double> figure =
          row.published_cells.empty() ? row.published : row.published_cells[i];
      out += fmt::format("{},{},{},{},{},{:.17g},{:.17g},{:.17g},{:.17g},{:.17g},{}\n",
                         csv_cell(table.name), table.seed_set, csv_cell(row.arm),
                         csv_cell(table.columns[i].text()), cell.n, cell.mean, cell.half_width,
                         cell.low(), cell.high(), cell.deviation,
                         figure ? fmt::format("{}", *figure) : "");
    }
  }
  return out;
}

std::string to_latex(const ResultTable& table) {
  const bool published = has_published_column(table);
  std::string out = "% mean and 95 % t interval over seeds; needs the package booktabs\n";
  out += fmt::format("\\begin{{tabular}}{{l{}}}\n\\toprule\narm",
                     std::string(table.columns.size() + (published ? 1 : 0), 'r'));
  for (const Column& column : table.columns) out += " & " + escape_latex(column.text());
  if (published) out += " & published (" + escape_latex(table.published_unit) + ")";
  out += " \\\\\n\\midrule\n";
  for (const ResultTable::Row& row : table.rows) {
    out += escape_latex(arm_text(row));
    for (const Interval& cell : row.cells) out += fmt::format(" & ${}$", cell_text(cell, "\\pm"));
    if (published) out += " & " + figure_text(row.published);
    out += " \\\\\n";
    if (row.published_cells.empty()) continue;
    out += "published (" + escape_latex(table.published_unit) + ")";
    for (const auto& figure : row.published_cells) out += " & " + figure_text(figure);
    out += " \\\\\n";
  }
  out += "\\bottomrule\n\\end{tabular}\n";
  return out;
}

}  // namespace tightrope
