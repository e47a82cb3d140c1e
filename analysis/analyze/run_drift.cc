// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/run_drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "analysis/analyze/pack_job.h"
#include "analysis/collect/run_index.h"
#include "core/log/files.h"
#include "core/tables/run_folder.h"

namespace tightrope {
namespace {

// Of one segment: stage_*; first and last, the KL at its first and its last checkpoint.
using Values = std::map<Column, double>;

class AnalysisFiles {
 public:
  explicit AnalysisFiles(std::string folder) : folder_(std::move(folder)) {}

  // Nothing where the segment was not analysed.
  const Values* find(const std::string& pack, std::size_t lane) {
    const auto [entry, fresh] = packs_.try_emplace(pack);
    if (fresh) {
      const std::string path = analysis_path(folder_ + "/packs/" + pack + ".h5");
      try {
        if (file_exists(path)) entry->second = read(path);
      } catch (const IoError& error) {
        throw IoError(fmt::format("{} (analyze --force makes it again)", error.what()));
      }
    }
    return lane < entry->second.size() ? &entry->second[lane] : nullptr;
  }

 private:
  static std::vector<Values> read(const std::string& path) {
    const LogReader file = LogReader::open(path, {"ledger"});
    if (!file.has("ledger/stage_net")) return {};
    const auto environments = file.read_strings("ledger/environment").values;
    const auto parts = file.read_strings("ledger/part").values;
    const LogArray<double> kl = file.read<double>("ledger/kl_sum");
    const std::size_t rows = kl.shape.size() == 4 ? kl.shape[1] : 0;
    const LogShape fixed = {kl.shape.empty() ? 0 : kl.shape[0], environments.size(), parts.size()};
    if (rows == 0 || kl.shape != LogShape{fixed[0], rows, fixed[1], fixed[2]}) {
      throw IoError(fmt::format("{}: ledger/kl_sum does not fit its axes", path));
    }
    std::vector<Values> lanes(fixed[0]);
    const auto enter = [&](const char* kind, const std::vector<double>& values, std::size_t row,
                           std::size_t count) {
      for (std::size_t l = 0; l < lanes.size(); ++l) {
        std::size_t at = (l * count + row) * fixed[1] * fixed[2];
        for (const std::string& environment : environments) {
          for (const std::string& part : parts) {
            lanes[l][{kind, environment, part}] = values[at++];
          }
        }
      }
    };
    for (const char* kind : {"stage_beneficial", "stage_detrimental", "stage_net"}) {
      const LogArray<double> stage = file.read<double>(std::string("ledger/") + kind);
      if (stage.shape != fixed) {
        throw IoError(fmt::format("{}: ledger/{} does not fit its axes", path, kind));
      }
      enter(kind, stage.values, 0, 1);
    }
    enter("first", kl.values, 0, rows);
    enter("last", kl.values, rows - 1, rows);
    return lanes;
  }

  std::string folder_;
  std::map<std::string, std::vector<Values>> packs_;
};

double value_of(const Values* values, const char* kind, const Column& at) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  if (values == nullptr) return kNan;
  const auto found = values->find({kind, at.environment, at.subset});
  return found == values->end() ? kNan : found->second;
}

// The path's figures at one environment and part.
void enter_path(const std::vector<const Values*>& path, const Column& at, RunDrift& run) {
  double net = 0;
  for (std::size_t i = 0; i < path.size(); ++i) {
    net += value_of(path[i], "stage_net", at);
    if (i == 0) continue;
    const double jump =
        std::abs(value_of(path[i], "first", at) - value_of(path[i - 1], "last", at));
    if (jump > run.jump) run.jump = jump;  // NaN: a stage is missing, and so is the net
  }
  run.result.values[{"run_net", at.environment, at.subset}] = net;
  run.result.values[{"run_before", at.environment, at.subset}] =
      value_of(path.front(), "first", at);
  run.result.values[{"run_after", at.environment, at.subset}] = value_of(path.back(), "last", at);
}

}  // namespace

std::vector<RunDrift> run_drift(const std::string& folder) {
  const RunIndex index = read_run_index(folder);
  AnalysisFiles files(folder);
  std::vector<RunDrift> out;
  for (const IndexedRun& line : index.runs) {
    std::vector<const Values*> path;
    for (const RunStage& stage : line.stages) path.push_back(files.find(stage.pack, stage.lane));
    if (path.back() == nullptr) continue;
    RunDrift& run = out.emplace_back();
    run.result.arm = line.row;
    run.result.seed = line.seed;
    run.result.seed_set = line.seed_set;
    run.result.values = *path.back();
    run.stages = path.size();
    for (const auto& [column, value] : *path.back()) {
      if (column.metric == "stage_net") enter_path(path, column, run);
    }
  }
  return out;
}

}  // namespace tightrope
