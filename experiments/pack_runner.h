// SPDX-License-Identifier: Apache-2.0
// Runs one pack: trains its lanes, evaluates, records, checkpoints, resumes.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "experiments/evaluation.h"
#include "experiments/lane.h"
#include "experiments/pack_log.h"

namespace tightrope {

// What the live line shows of a pack.
struct PackProgress {
  std::int64_t step = 0;  // of the stage
  std::int64_t steps = 0;
  std::int64_t lane_steps = 0;  // lanes x steps since the last call
  double headline = 0;          // first metric of interest, mean over lanes; NaN when not evaluated
};

// Where the final parameters of a pack's segments stand: a checkpoint with one entry per segment
// id, and `layout`, what the parameters are called.
std::string policies_path(const std::string& log_path);

class PackRunner {
 public:
  using Report = std::function<void(const PackProgress&)>;

  // `path` is that of the log; the checkpoint stands beside it with the extension .ckpt.
  PackRunner(std::string path, std::vector<std::unique_ptr<Lane>> lanes,
             std::vector<SegmentLabel> labels, PackInfo info, std::uint64_t hash);

  // From the checkpoint or from the start to the end of the stage. Throws Interrupted after a
  // checkpoint when a signal came. `resume` false: an unfinished log is discarded.
  void run(bool resume, int threads, const Report& report);

 private:
  std::int64_t next_boundary(std::int64_t step) const;
  void advance_to(std::int64_t step);
  void at_boundary(std::int64_t step);
  void save();

  std::string path_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<SegmentLabel> labels_;
  PackInfo info_;
  std::uint64_t hash_;
  std::vector<NamedMetric> metrics_;
  std::vector<std::unique_ptr<ProbeReader>> readers_;
  ProbeShape shape_;
  std::unique_ptr<PackLog> log_;
  int threads_ = 1;
  std::int64_t done_ = 0;  // boundary up to which rows are in the log
  double headline_;
};

}  // namespace tightrope
