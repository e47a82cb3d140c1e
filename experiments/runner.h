// SPDX-License-Identifier: Apache-2.0
// Runs an experiment file from plan to tables.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config/node.h"
#include "core/tables/run_folder.h"
#include "experiments/plan.h"
#include "experiments/reporting.h"
#include "experiments/shard.h"

namespace tightrope {

struct RunOptions {
  std::string file;
  std::vector<std::string> sets;  // "a.b=value"
  std::string out;
  std::string device = "cpu";  // or "cuda"
  int threads = 0;             // 0: as many as the machine has
  bool resume = false;
  bool fresh = false;
  bool retry_failed = false;
  bool quiet = false;
  // A worker runs one share of the packs; others write into the folder at the same time. Its
  // `file` may be empty: that of the folder.
  std::optional<Shard> shard;
  bool take_over = false;  // packs that a process of another host left claimed
};

struct RunOutcome {
  std::string folder;
  Summary summary;
  std::vector<std::string> paths;  // tables written
  int failed_packs = 0;            // of this process
  int noted_failures = 0;  // unfinished packs of the whole plan that failed, whoever ran them
  int waiting_packs = 0;   // left to another process that was at work on them
  int finished_packs = 0;  // of the whole plan, whoever ran them
  int packs = 0;           // of the whole plan
  int diverged = 0;        // segments
};

// The tree of a file with --set applied. Throws ConfigError.
Node load_experiment_tree(const std::string& file, const std::vector<std::string>& sets);

// Everything that can be known before a run: checked, nothing written.
struct CheckedExperiment {
  std::string name;
  Plan plan;
  Reporting reporting;
  std::vector<std::string> environments;
};
CheckedExperiment check_experiment(const Node& tree, const std::vector<SeedSet>& seeds,
                                   const std::string& device = "cpu");

// The same for a whole file with its own seeds and tuning grid; the plan is that of the run proper.
CheckedExperiment check_file(const Node& tree, const std::string& device = "cpu");

// Throws Interrupted when a signal stopped it or a shard must wait for others (resumable),
// InputError or IoError otherwise; a pack that fails is recorded and the others go on. Tables are
// written when every pack is done.
RunOutcome run_experiment(const RunOptions& options);

}  // namespace tightrope
