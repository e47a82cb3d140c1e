// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/ledger_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "analysis/analyze/run_drift.h"
#include "core/log/files.h"
#include "core/stats/interval.h"
#include "core/tables/run_folder.h"

namespace tightrope {
namespace {

constexpr std::array<const char*, 3> kKinds = {"stage_beneficial", "stage_detrimental",
                                               "stage_net"};
constexpr std::array<const char*, 2> kParts = {"thinking", "outcome"};

std::string cell(const Interval& interval) {
  if (interval.n == 0) return "-";
  if (!std::isfinite(interval.half_width)) return fmt::format("{:.4f}", interval.mean);
  return fmt::format("{:.4f} ± {:.4f}", interval.mean, interval.half_width);
}

std::string head(int seeds, const std::string& seed_set, bool whole) {
  std::string out = fmt::format(
      "**ledger** of the last stage, nat per sequence: mean and 95 % t interval over {} {} seeds\n"
      "\n| arm | environment |",
      seeds, seed_set);
  std::string rule = "\n|---|---|";
  for (const char* part : kParts) {
    out += fmt::format(" {0}: beneficial | detrimental | net |", part);
    rule += "---|---|---|";
  }
  if (whole) out += " all stages: thinking net | outcome net |";
  return out + rule + (whole ? "---|---|" : "") + "\n";
}

std::string table_of(const Manifest& manifest, const Results& results, const std::string& seed_set,
                     bool whole) {
  std::string out = head(static_cast<int>(results.seeds(seed_set).size()), seed_set, whole);
  const auto add = [&](const std::string& arm, const Column& column) {
    out += fmt::format(" {} |", cell(mean_interval(results.by_seed(arm, column, seed_set))));
  };
  for (const std::string& arm : manifest.rows) {
    for (const std::string& environment : manifest.environments) {
      out += fmt::format("| {} | {} |", arm, environment);
      for (const char* part : kParts) {
        for (const char* kind : kKinds) add(arm, {kind, environment, part});
      }
      for (const char* part : kParts) {
        if (whole) add(arm, {"run_net", environment, part});
      }
      out += "\n";
    }
  }
  return out + "\n";
}

// How the nets of all stages hang together.
std::string note(double jump) {
  if (jump <= 1e-9) {
    return "All stages: the stages' nets, which sum to the fall of the KL from the first "
           "checkpoint "
           "of the run to its last.\n\n";
  }
  return fmt::format(
      "All stages: the sum of the stages' nets. It is not the fall of the KL over the run: where a "
      "stage takes over, the KL jumps by up to {:.4g} nat, because its probes are others.\n\n",
      jump);
}

}  // namespace

std::string ledger_table(const std::string& folder) {
  if (!file_exists(folder + "/manifest.jsonl")) return "";
  const Manifest manifest = read_manifest(folder);
  std::vector<RunResult> runs;
  std::set<std::string> seed_sets;
  bool whole = false;
  double jump = 0;
  for (RunDrift& run : run_drift(folder)) {
    whole = whole || run.stages > 1;
    jump = std::max(jump, run.jump);
    seed_sets.insert(run.result.seed_set);
    runs.push_back(std::move(run.result));
  }
  const Results results(std::move(runs), manifest.rows, "");
  std::string out;
  for (const std::string& seed_set : seed_sets) {
    out += table_of(manifest, results, seed_set, whole);
  }
  return whole ? out + note(jump) : out;
}

}  // namespace tightrope
