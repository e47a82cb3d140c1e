// SPDX-License-Identifier: Apache-2.0
#include "core/tables/aggregate_table.h"

#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/tables/render_detail.h"

namespace tightrope {

using internal::bounds_text;
using internal::escape_latex;

namespace {

std::string estimate_text(const BoundedEstimate& estimate) {
  if (!std::isfinite(estimate.value)) return "-";
  const std::string bounds = bounds_text(estimate.bounds, "{:.3f}");
  return fmt::format("{:.3f}{}", estimate.value, bounds == "-" ? "" : " " + bounds);
}

std::string numbers(const AggregateTable::Row& row, bool first, const char* separator) {
  return separator + estimate_text(row.interquartile_mean) + separator +
         (first ? "-" : estimate_text(row.above_first)) + separator + fmt::format("{}", row.n);
}

}  // namespace

AggregateTable make_aggregate(const ResultTable& table, const Results& results) {
  TR_CHECK(!table.rows.empty() && !table.columns.empty(), "an aggregate of the empty table {}",
           table.name);
  AggregateTable out{table.name, table.seed_set, table.seeds, table.columns.front(), {}};
  const auto scores = [&](const ResultTable::Row& row) {
    return Scores{results.by_seed(row.arm, out.column, table.seed_set)};
  };
  const Scores first = scores(table.rows.front());
  for (const ResultTable::Row& row : table.rows) {
    const Scores own = scores(row);
    out.rows.push_back({row.arm, row.cells.front().n, interquartile_mean(own, statistics_stream()),
                        probability_of_improvement(own, first, statistics_stream())});
  }
  return out;
}

std::string to_markdown(const AggregateTable& table) {
  std::string out = fmt::format(
      "**{}_aggregate**: interquartile mean of {} over {} {} seeds, and probability that a run "
      "lies above one of {}; 95 % bootstrap intervals\n\n| arm | interquartile mean | P(above {}) "
      "| n "
      "|\n|---|---|---|---|",
      table.name, table.column.text(), table.seeds, table.seed_set, table.rows.front().arm,
      table.rows.front().arm);
  for (const AggregateTable::Row& row : table.rows) {
    out += fmt::format("\n| {}{} |", row.arm, numbers(row, &row == &table.rows.front(), " | "));
  }
  return out + "\n";
}

std::string to_csv(const AggregateTable& table) {
  std::string out =
      "table,seed_set,arm,column,n,interquartile_mean,low,high,above_first,above_first_low,"
      "above_first_high\n";
  for (const AggregateTable::Row& row : table.rows) {
    out += fmt::format("{},{},{},{},{}", csv_cell(table.name), table.seed_set, csv_cell(row.arm),
                       csv_cell(table.column.text()), row.n);
    for (const BoundedEstimate& e : {row.interquartile_mean, row.above_first}) {
      out += fmt::format(",{:.17g},{:.17g},{:.17g}", e.value, e.bounds.low, e.bounds.high);
    }
    out += "\n";
  }
  return out;
}

std::string to_latex(const AggregateTable& table) {
  std::string out = fmt::format(
      "% interquartile mean of {} and probability of lying above {}, 95 % bootstrap intervals; "
      "needs the package booktabs\n\\begin{{tabular}}{{lrrr}}\n\\toprule\narm & interquartile mean "
      "& P(above {}) & $n$ \\\\\n\\midrule\n",
      table.column.text(), table.rows.front().arm, escape_latex(table.rows.front().arm));
  for (const AggregateTable::Row& row : table.rows) {
    out += fmt::format("{}{} \\\\\n", escape_latex(row.arm),
                       numbers(row, &row == &table.rows.front(), " & "));
  }
  return out + "\\bottomrule\n\\end{tabular}\n";
}

}  // namespace tightrope
