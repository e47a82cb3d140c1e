// SPDX-License-Identifier: Apache-2.0
// A run folder as its manifest tells it: which lane of which pack holds each stage of each run, and
// what every run's sweep set.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "core/log/reader.h"

namespace tightrope {

// One stage of a run: a lane of a pack's log.
struct RunStage {
  std::string segment;  // its id
  std::string pack;     // "pack_0003"
  std::uint64_t lane = 0;
};

struct IndexedRun {
  std::string id, row, arm, seed_set;  // arm: "" without arms
  std::int64_t seed = 0;
  std::vector<RunStage> stages;               // in the order they were trained
  std::map<std::string, std::string> values;  // path of a setting -> JSON of what the sweep set
};

// What the sweep sets at one path, for every run: numbers where all are numbers (NaN: not set),
// integers where all are set and whole, else texts ("": not set; lists and mappings as JSON).
struct RunParameter {
  std::string path;  // "rft.optimizer.beta"
  std::variant<std::vector<std::int64_t>, std::vector<double>, std::vector<std::string>> values;
  // The value of run r as one cell of a table; "" where it is not set.
  std::string text(std::size_t r) const;
};

struct RunIndex {
  std::string folder, experiment, hash;
  std::vector<IndexedRun> runs;  // in the order of the manifest
  std::string log_path(const std::string& pack) const;
  std::string policies_path(const std::string& pack) const;
  // Distinct packs, in the order in which the runs need them.
  std::vector<std::string> packs() const;
  // Whether its log was there when first asked: a pack may finish while its folder is read.
  bool finished(const std::string& pack) const;
  // Every path that the sweep sets in some run, in the order of the sweep.
  std::vector<RunParameter> parameters() const;

  std::vector<std::string> paths;  // of parameters()

 private:
  mutable std::map<std::string, bool> finished_;
};

// Throws IoError with file and line for a missing or damaged manifest.
RunIndex read_run_index(const std::string& folder);

// "done" when the log of the last stage is there, else "failed" when a note says why a pack of the
// run failed, else "missing".
std::string run_status(const RunIndex& index, const IndexedRun& run);

// The names of the runs nearest to `text`, for messages: "; did you mean ...?" or "".
std::string nearest_run(const RunIndex& index, const std::string& text);

}  // namespace tightrope
