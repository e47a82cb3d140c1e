// SPDX-License-Identifier: Apache-2.0
// Makes the lanes of a planned pack.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "experiments/pack_runner.h"
#include "experiments/plan.h"

namespace tightrope {

class PackBuilder {
 public:
  // Logs and policies stand in `folder`/packs.
  PackBuilder(const Plan& plan, std::string folder);

  std::string log_path(const Pack& pack) const;
  bool finished(const Pack& pack) const;
  // Segments start from their parents' final policies (which must be there) or from fresh weights.
  std::unique_ptr<PackRunner> build(const Pack& pack, const PackInfo& info);

 private:
  const Checkpoint& end_of(int segment);  // what its pack left: policies and reactions
  std::vector<float> final_parameters(int segment);
  std::vector<DriftReaction> final_reactions(int segment);
  std::shared_ptr<const Experiment> experiment(int point);

  const Plan& plan_;
  std::string folder_;
  WorldContexts contexts_;
  std::map<int, std::shared_ptr<const Experiment>> experiments_;  // of the current pack
  std::map<int, Checkpoint> policies_;                            // by pack
};

}  // namespace tightrope
