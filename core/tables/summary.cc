// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <set>

#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/log/files.h"
#include "core/tables/run_folder.h"

namespace tightrope {
namespace {

std::string results_csv(const Results& results) {
  std::string out = "row,seed_set,seed,parameters,status,metric,environment,subset,value\n";
  for (const RunResult& run : results.runs()) {
    const std::string head = fmt::format("{},{},{},{},{}", csv_cell(run.arm), run.seed_set,
                                         run.seed, csv_cell(run.parameters), run.status);
    for (const auto& [column, value] : run.values) {
      out += fmt::format("{},{},{},{},{:.17g}\n", head, column.metric, column.environment,
                         column.subset, value);
    }
  }
  return out;
}

}  // namespace

Summary summarise(const Manifest& manifest, const Results& results) {
  Summary out;
  std::set<std::string> sets;
  for (const Manifest::RunLine& run : manifest.runs) sets.insert(run.seed_set);
  out.claim_seed_set = sets.count("confirm") > 0 ? "confirm" : "explore";
  for (const TableSpec& spec : manifest.tables) {
    for (const std::string& set : {std::string("confirm"), std::string("explore")}) {
      if (sets.count(set) == 0) continue;
      out.tables.push_back(make_table(spec.name, spec.rows.empty() ? manifest.rows : spec.rows,
                                      spec.columns, results, set, spec.published));
      const ResultTable& table = out.tables.back();
      if (set == out.claim_seed_set && table.seeds >= 2 && !table.columns.empty() &&
          !table.rows.empty()) {
        out.aggregates.push_back(make_aggregate(table, results));
      }
    }
  }
  for (const ClaimSpec& spec : manifest.claims) {
    out.claims.push_back(judge(parse_claim(spec.name, spec.says, spec.on, manifest.rows), results,
                               out.claim_seed_set));
  }
  correct_family(out.claims);
  return out;
}

std::string Summary::markdown() const {
  std::string out;
  for (const ResultTable& table : tables) out += to_markdown(table) + "\n";
  for (const AggregateTable& table : aggregates) out += to_markdown(table) + "\n";
  if (!claims.empty()) out += to_markdown(claims, claim_seed_set);
  return out;
}

std::vector<std::string> write_tables(const std::string& folder, const Summary& summary,
                                      const Results& results) {
  const std::string to = folder + "/tables";
  std::error_code error;
  std::filesystem::create_directories(to, error);
  if (error) throw IoError("cannot make " + to + ": " + error.message());
  std::vector<std::string> paths;
  const auto add = [&](const std::string& path, const std::string& text) {
    replace_file(path, text);
    paths.push_back(path);
  };
  const auto stem = [&](const auto& table) {
    return to + "/" + table.name + (table.seed_set == "confirm" ? "" : "_" + table.seed_set);
  };
  const auto add_all = [&](const std::string& path, const auto&... what) {
    add(path + ".md", to_markdown(what...));
    add(path + ".csv", to_csv(what...));
    add(path + ".tex", to_latex(what...));
  };
  for (const ResultTable& table : summary.tables) add_all(stem(table), table);
  for (const AggregateTable& table : summary.aggregates) add_all(stem(table) + "_aggregate", table);
  if (!summary.claims.empty()) add_all(to + "/claims", summary.claims, summary.claim_seed_set);
  add(folder + "/results.csv", results_csv(results));
  return paths;
}

}  // namespace tightrope
