// SPDX-License-Identifier: Apache-2.0
// A result table: one row per arm, measured mean and interval per column, published figures beside.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/stats/interval.h"
#include "core/tables/claim.h"
#include "core/tables/column.h"
#include "core/tables/results.h"

namespace tightrope {

// A paper's numbers, with where they stand.
struct Published {
  // Of one arm: one figure for the row, or figures by column.
  struct Row {
    std::string arm;
    std::optional<double> figure;
    std::vector<std::pair<Column, double>> cells;
  };
  std::string source;  // "arXiv 2505.13081, Table 5, average of five findings, top-1 %"
  std::string unit;    // "%"
  std::vector<Row> rows;
  const Row* of(const std::string& arm) const;  // null when the paper has no such row
};

struct ResultTable {
  std::string name;
  std::string title;
  std::string seed_set;
  int seeds = 0;
  std::vector<Column> columns;
  struct Row {
    std::string arm;
    std::vector<Interval> cells;
    std::optional<double> published;
    std::vector<std::optional<double>> published_cells;  // by column; empty when there is none
    int missing = 0;  // seeds without a finished run (diverged or failed)
  };
  std::vector<Row> rows;
  std::string published_source;  // empty when no published figures stand beside
  std::string published_unit;
};

ResultTable make_table(const std::string& name, const std::vector<std::string>& rows,
                       const std::vector<Column>& columns, const Results& results,
                       const std::string& seed_set, const Published& published);

// Markdown, CSV (long form: one line per row and column) and LaTeX (booktabs) of a table.
std::string to_markdown(const ResultTable& table);
std::string to_csv(const ResultTable& table);
std::string to_latex(const ResultTable& table);

// The claims as Markdown, CSV (one line per part) and LaTeX (booktabs): verdict, estimate, t and
// BCa interval, p of the t test, corrected by Holm, and of the sign-flip test, seeds; for what is
// undecided the seeds that would decide and the effect that these seeds would have shown.
std::string to_markdown(const std::vector<ClaimVerdict>& claims, const std::string& seed_set);
std::string to_csv(const std::vector<ClaimVerdict>& claims, const std::string& seed_set);
std::string to_latex(const std::vector<ClaimVerdict>& claims, const std::string& seed_set);

}  // namespace tightrope
