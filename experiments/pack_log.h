// SPDX-License-Identifier: Apache-2.0
// The log of one pack: its layout (docs/file-format.md), its constant parts and its rows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/log/writer.h"
#include "experiments/evaluation.h"
#include "experiments/probes.h"

namespace tightrope {

// What is known of a lane's segment beside its lane.
struct SegmentLabel {
  std::string id;
  std::string parent;  // "" for first stages
  std::string row;     // of the first run that has it
  std::int64_t seed = 0;
  std::string config;  // resolved experiment as JSON, cut to the segment's history
};

struct PackInfo {
  std::string experiment;
  std::string config_hash;
  std::string device = "cpu";
  int threads = 1;
};

class PackLog {
 public:
  // The layout shared by all lanes of a pack. Lanes must have equal structure.
  static LogSchema schema(const std::vector<std::unique_ptr<Lane>>& lanes,
                          const std::vector<SegmentLabel>& labels,
                          const std::vector<NamedMetric>& metrics, const PackInfo& info);

  // A new log with its constant parts written, or the continuation of one.
  PackLog(const std::string& path, std::vector<std::unique_ptr<Lane>>& lanes,
          const std::vector<SegmentLabel>& labels, const std::vector<NamedMetric>& metrics,
          const PackInfo& info, const Checkpoint* resume_from);

  // Rows of the steps first .. first + count - 1 out of the lanes' pending scalars, with the wall
  // seconds of the whole pack spent on them.
  void append_scalars(const std::vector<std::unique_ptr<Lane>>& lanes, std::int64_t first,
                      std::int64_t count, double wall_seconds);
  // One evaluation: values[lane] is [environment][metric, subset] flattened.
  void append_evaluation(std::int64_t step, const std::vector<std::vector<double>>& values);
  // One probe record, one row per lane.
  void append_probes(std::int64_t step, const std::vector<ProbeRow>& rows);

  void save(Checkpoint& checkpoint) { log_.save(checkpoint); }
  void finish(const std::vector<std::unique_ptr<Lane>>& lanes);

 private:
  void write_constants(std::vector<std::unique_ptr<Lane>>& lanes,
                       const std::vector<SegmentLabel>& labels);
  void write_events(const std::vector<std::unique_ptr<Lane>>& lanes);
  void write_environments(const std::vector<std::unique_ptr<Lane>>& lanes);
  void write_drift(const std::vector<std::unique_ptr<Lane>>& lanes);

  ProbeShape shape_;
  std::vector<std::string> scalars_;
  std::vector<std::string> metrics_;
  std::size_t subsets_ = 0;
  std::size_t environments_ = 0;
  LogWriter log_;
};

// The largest number of drift events of any lane.
std::size_t event_count(const std::vector<std::unique_ptr<Lane>>& lanes);

// "rewards/chosen" -> "rewards_chosen": variable names hold no slash.
std::string variable_name(std::string name);

}  // namespace tightrope
