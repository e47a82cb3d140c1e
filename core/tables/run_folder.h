// SPDX-License-Identifier: Apache-2.0
// Reads a run folder: its manifest and the final evaluations in its pack logs. Needs no engine, so
// old logs can be read anywhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/tables/aggregate_table.h"
#include "core/tables/results.h"
#include "core/tables/table.h"

namespace tightrope {

struct TableSpec {
  std::string name;
  std::vector<std::string> rows;  // empty: every row of the sweep
  std::vector<Column> columns;
  Published published;
};

struct ClaimSpec {
  std::string name;
  std::string says;
  std::string on;
};

// manifest.jsonl: a header line, then one line per segment and per run.
struct Manifest {
  std::string experiment;
  std::string hash;
  std::vector<std::string> rows;
  std::vector<std::string> environments;
  std::vector<TableSpec> tables;
  std::vector<ClaimSpec> claims;
  struct RunLine {
    std::string id, row, seed_set, parameters;
    std::int64_t seed = 0;
    std::string pack;  // of the last segment
    int lane = 0;
  };
  std::vector<RunLine> runs;
  std::optional<std::int64_t> run_count;  // as the header says; older manifests do not
};

// Throws IoError with file and line for a missing or damaged manifest: broken JSON, a missing key
// or wrong type, a claim or column that cannot be read, runs that are missing at the end.
Manifest read_manifest(const std::string& folder);

// Final values of every run: the last checkpoint of the last segment. Runs whose pack has not
// finished are "missing".
Results read_results(const std::string& folder, const Manifest& manifest);

// All tables (of every seed set) and claims of a folder, as Markdown for a terminal or a page.
struct Summary {
  std::vector<ResultTable> tables;
  std::vector<AggregateTable> aggregates;  // of the claims' seed set, if it has two seeds or more
  std::vector<ClaimVerdict> claims;        // one family: corrected together
  std::string claim_seed_set;
  std::string markdown() const;
};
Summary summarise(const Manifest& manifest, const Results& results);

// Writes tables/NAME[_explore].{md,csv,tex}, tables/NAME_aggregate.*, tables/claims.* and
// results.csv (one line per run and column) into the folder; returns the paths. Each file is
// replaced by a rename.
std::vector<std::string> write_tables(const std::string& folder, const Summary& summary,
                                      const Results& results);

}  // namespace tightrope
