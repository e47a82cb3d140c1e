// SPDX-License-Identifier: Apache-2.0
// The arms of a result table compared robustly in its first column: interquartile mean and
// probability of lying above the first row.
#pragma once

#include <string>
#include <vector>

#include "core/stats/aggregate.h"
#include "core/tables/table.h"

namespace tightrope {

struct AggregateTable {
  std::string name;  // of the result table
  std::string seed_set;
  int seeds = 0;
  Column column;
  struct Row {
    std::string arm;
    int n = 0;  // seeds with a finished run
    BoundedEstimate interquartile_mean;
    BoundedEstimate
        above_first;  // probability that a run of this arm lies above one of the first row's
  };
  std::vector<Row> rows;
};

// From a table with at least one row and one column. Runs of different arms are compared as
// independent, not paired by seed, as rliable does.
AggregateTable make_aggregate(const ResultTable& table, const Results& results);

// Markdown, CSV (one line per arm) and LaTeX (booktabs).
std::string to_markdown(const AggregateTable& table);
std::string to_csv(const AggregateTable& table);
std::string to_latex(const AggregateTable& table);

}  // namespace tightrope
