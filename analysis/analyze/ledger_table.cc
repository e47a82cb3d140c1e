// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/ledger_table.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>
#include <set>

#include "analysis/analyze/pack_job.h"
#include "core/log/files.h"
#include "core/stats/interval.h"
#include "core/tables/run_folder.h"

namespace tightrope {
namespace {

constexpr std::array<const char*, 3> kKinds = {"stage_beneficial", "stage_detrimental",
                                               "stage_net"};
constexpr std::array<const char*, 2> kParts = {"thinking", "outcome"};

// Stage values of all lanes of one analysis file.
std::vector<std::map<Column, double>> read_stage(const std::string& path) {
  const LogReader file = LogReader::open(path);
  std::vector<std::map<Column, double>> out;
  if (!file.has("ledger/stage_net")) return out;
  const auto environments = file.read_strings("ledger/environment").values;
  const auto parts = file.read_strings("ledger/part").values;
  for (const char* kind : kKinds) {
    const auto block = file.read<double>(std::string("ledger/") + kind);
    out.resize(block.shape[0]);
    std::size_t at = 0;
    for (auto& lane : out) {
      for (const std::string& environment : environments) {
        for (const std::string& part : parts) lane[{kind, environment, part}] = block.values[at++];
      }
    }
  }
  return out;
}

Results stage_results(const std::string& folder, const Manifest& manifest) {
  std::map<std::string, std::vector<std::map<Column, double>>> packs;
  std::vector<RunResult> runs;
  for (const Manifest::RunLine& line : manifest.runs) {
    const std::string path = analysis_path(folder + "/packs/" + line.pack + ".h5");
    if (packs.count(line.pack) == 0) {
      packs[line.pack] =
          file_exists(path) ? read_stage(path) : std::vector<std::map<Column, double>>{};
    }
    const auto& lanes = packs[line.pack];
    if (line.lane >= static_cast<int>(lanes.size())) continue;
    RunResult run;
    run.arm = line.row;
    run.seed = line.seed;
    run.seed_set = line.seed_set;
    run.parameters = line.parameters;
    run.values = lanes[line.lane];
    runs.push_back(std::move(run));
  }
  return Results(std::move(runs), manifest.rows, "");
}

std::string cell(const Interval& interval) {
  if (interval.n == 0) return "-";
  if (!std::isfinite(interval.half_width)) return fmt::format("{:.4f}", interval.mean);
  return fmt::format("{:.4f} ± {:.4f}", interval.mean, interval.half_width);
}

std::string table_of(const Manifest& manifest, const Results& results,
                     const std::string& seed_set) {
  std::string out = fmt::format(
      "**ledger** of the last stage, nat per sequence: mean and 95 % t interval over {} {} seeds\n"
      "\n| arm | environment |",
      results.seeds(seed_set).size(), seed_set);
  std::string rule = "\n|---|---|";
  for (const char* part : kParts) {
    out += fmt::format(" {0}: beneficial | detrimental | net |", part);
    rule += "---|---|---|";
  }
  out += rule + "\n";
  for (const std::string& arm : manifest.rows) {
    for (const std::string& environment : manifest.environments) {
      out += fmt::format("| {} | {} |", arm, environment);
      for (const char* part : kParts) {
        for (const char* kind : kKinds) {
          const auto values = results.by_seed(arm, {kind, environment, part}, seed_set);
          out += fmt::format(" {} |", cell(mean_interval(values)));
        }
      }
      out += "\n";
    }
  }
  return out + "\n";
}

}  // namespace

std::string ledger_table(const std::string& folder) {
  if (!file_exists(folder + "/manifest.jsonl")) return "";
  const Manifest manifest = read_manifest(folder);
  const Results results = stage_results(folder, manifest);
  std::set<std::string> seed_sets;
  for (const RunResult& run : results.runs()) seed_sets.insert(run.seed_set);
  std::string out;
  for (const std::string& seed_set : seed_sets) out += table_of(manifest, results, seed_set);
  return out;
}

}  // namespace tightrope
