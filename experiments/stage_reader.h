// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "experiments/experiment.h"
#include "experiments/experiment_schema.h"

namespace tightrope {

// Reads the stages of one experiment in their order; adds to `problems` what does not fit.
class StageReader {
 public:
  StageReader(const std::vector<NamedEnvironment>& environments, Problems& problems)
      : problems_(problems) {
    for (const NamedEnvironment& named : environments) environments_.push_back(named.name);
  }

  // The stage `node` writes, the `index`-th of its list; `resolved_stage` gets every default, where
  // nothing was wrong.
  Stage read(const Node& node, std::size_t index, Node& resolved_stage);

 private:
  Node read_data(const StageParams& p, const std::string& path, Stage& stage);
  // The hash of a file's content, part of what the run's id is made of.
  Node hash_of(const std::string& file, const Mark& mark, const std::string& path);
  // Files of the expert's counterfactuals go into `entries` with their hashes.
  void read_record_files(const Node& node, const std::string& path, const Stage& stage,
                         std::vector<NodeEntry>& entries);
  void check(const Node& node, const std::string& path, const Stage& stage);
  void check_imitation(const Node& node, const std::string& path, const Stage& stage);
  void check_schedule(const Node& node, const std::string& path, const Stage& stage);
  // What only a stage that learns from its own trajectories has.
  void check_rollout(const Node& node, const std::string& path, const Stage& stage);

  Problems& problems_;
  std::vector<std::string> environments_;
  std::vector<std::string> names_;
};

}  // namespace tightrope
