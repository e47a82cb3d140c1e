// SPDX-License-Identifier: Apache-2.0
#include "analysis/export/export_scalars.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>

#include "analysis/collect/pack_logs.h"
#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/log/files.h"

namespace tightrope {
namespace {

constexpr std::uint64_t kRows = 1024;  // steps or checkpoints read at once

std::string base_name(const std::string& variable) {
  return variable.substr(variable.find('/') + 1);
}

class ScalarsExport {
 public:
  ScalarsExport(const std::string& folder, const std::string& group, std::ostream& out)
      : index_(read_run_index(folder)),
        logs_(index_),
        group_(group),
        axis_(group == "scalars" ? "step" : "checkpoint"),
        out_(out) {}

  ScalarsReport write() {
    collect_metrics();
    write_header();
    const std::vector<RunParameter> parameters = index_.parameters();
    for (std::size_t r = 0; r < index_.runs.size(); ++r) {
      const IndexedRun& run = index_.runs[r];
      std::string lead = fmt::format("{},{},{},{},{},{}", r, run.id, csv_cell(run.row),
                                     csv_cell(run.arm), csv_cell(run.seed_set), run.seed);
      for (const RunParameter& parameter : parameters) lead += "," + csv_cell(parameter.text(r));
      for (const RunStage& stage : run.stages) {
        if (index_.finished(stage.pack)) {
          write_stage(lead, logs_.open(stage.pack).log, stage.lane);
        } else {
          ++report_.left_out;
        }
      }
      ++report_.runs;
    }
    return report_;
  }

 private:
  // Variables of the group that every line has one value of, in the order in which packs bring
  // them.
  void collect_metrics() {
    std::size_t finished = 0;
    for (const std::string& pack : index_.packs()) {
      if (!index_.finished(pack)) continue;
      ++finished;
      for (const LogVariableInfo& info : logs_.open(pack).log.variables(group_)) {
        const std::string name = base_name(info.name);
        const bool coordinate = info.dims.size() == 1 && info.dims[0] == name;
        if (coordinate || info.type == LogType::kString) continue;
        if (std::find(metrics_.begin(), metrics_.end(), name) == metrics_.end()) {
          metrics_.push_back(name);
        }
      }
    }
    TR_REQUIRE(finished > 0, "{}: no stage of any run is finished", index_.folder);
  }

  // A setting whose path is the name of another column is called parameter_PATH.
  void write_header() {
    std::set<std::string> taken = {"run",  "id",    "row", "arm",         "seed_set",
                                   "seed", "stage", axis_, "environment", "subset"};
    taken.insert(metrics_.begin(), metrics_.end());
    out_ << "run,id,row,arm,seed_set,seed";
    for (const std::string& path : index_.paths) {
      out_ << "," << (taken.count(path) > 0 ? "parameter_" : "") << csv_cell(path);
    }
    out_ << ",stage," << axis_;
    if (group_ == "evaluation") out_ << ",environment,subset";
    for (const std::string& name : metrics_) out_ << "," << csv_cell(name);
    out_ << "\n";
  }

  // One metric's values of rows first .. first + count - 1 of a lane; empty where it is not there.
  std::vector<double> values(const LogReader& log, const std::string& name, std::uint64_t lane,
                             std::uint64_t first, std::uint64_t count) const {
    const std::string path = group_ + "/" + name;
    if (!log.has(path)) return {};
    const LogVariableInfo info = log.info(path);
    LogShape offset(info.shape.size(), 0), extent = info.shape;
    for (std::size_t axis = 0; axis < info.dims.size(); ++axis) {
      if (info.dims[axis] == "segment") offset[axis] = lane, extent[axis] = 1;
      if (info.dims[axis] == axis_) offset[axis] = first, extent[axis] = count;
    }
    return log.read<double>(path, offset, extent).values;
  }

  void write_stage(const std::string& lead, const LogReader& log, std::uint64_t lane) {
    const std::string stage = log.read_strings("meta/stage").values.at(lane);
    const std::vector<std::int64_t> places = log.read<std::int64_t>(group_ + "/" + axis_).values;
    std::vector<std::string> cells = {""};
    if (group_ == "evaluation") {
      cells.clear();
      for (const std::string& environment : log.read_strings("evaluation/environment").values) {
        for (const std::string& subset : log.read_strings("evaluation/subset").values) {
          cells.push_back("," + csv_cell(environment) + "," + csv_cell(subset));
        }
      }
    }
    for (std::uint64_t first = 0; first < places.size(); first += kRows) {
      const std::uint64_t count = std::min<std::uint64_t>(kRows, places.size() - first);
      std::vector<std::vector<double>> columns;
      for (const std::string& name : metrics_) {
        columns.push_back(values(log, name, lane, first, count));
      }
      for (std::uint64_t i = 0; i < count; ++i) {
        for (std::size_t c = 0; c < cells.size(); ++c) {
          std::string line =
              fmt::format("{},{},{}{}", lead, csv_cell(stage), places[first + i], cells[c]);
          for (const std::vector<double>& column : columns) {
            line += ',';
            if (!column.empty()) line += number_text(column[i * cells.size() + c]);
          }
          out_ << line << '\n';
          ++report_.lines;
        }
      }
    }
  }

  RunIndex index_;
  PackLogs logs_;
  std::string group_, axis_;
  std::ostream& out_;
  std::vector<std::string> metrics_;
  ScalarsReport report_;
};

}  // namespace

ScalarsReport export_scalars(const std::string& folder, const std::string& group,
                             const std::string& out) {
  TR_REQUIRE(group == "scalars" || group == "evaluation",
             "--group {}: expected scalars or evaluation", group);
  if (out == "-") return ScalarsExport(folder, group, std::cout).write();
  TR_REQUIRE(!std::filesystem::is_directory(out), "--out {}: is a folder; name a file", out);
  const std::string temporary = private_name(out);
  std::ofstream file(temporary, std::ios::binary);
  if (!file) throw IoError("cannot write " + out);
  try {
    const ScalarsReport report = ScalarsExport(folder, group, file).write();
    file.close();
    if (!file) throw IoError("cannot write " + out + " (disk full?)");
    rename_file(temporary, out);
    return report;
  } catch (...) {
    remove_file(temporary);
    throw;
  }
}

}  // namespace tightrope
