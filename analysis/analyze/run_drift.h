// SPDX-License-Identifier: Apache-2.0
// The ledger along whole runs: a run is a path of segments, each of which starts where its parent
// ended.
#pragma once

#include <string>
#include <vector>

#include "core/tables/results.h"

namespace tightrope {

// One run. `result.values` is by Column{kind, environment, part}, part thinking, outcome or all:
//
//   stage_beneficial, stage_detrimental, stage_net   of its last stage, in one step [nat]
//   run_net     sum over its stages of stage_net [nat]; NaN unless every stage was analysed
//   run_before  KL(oracle || policy) at the first checkpoint of its first stage [nat]
//   run_after   the same at the last checkpoint of its last stage
//
// Only nets telescope: run_net = run_before - run_after - the jumps of the KL from a stage's last
// checkpoint to its child's first. They are 0 where both stages look at the same probes.
struct RunDrift {
  RunResult result;
  std::size_t stages = 1;
  double jump = 0;  // the largest of them in size [nat]
};

// Read from the analysis files of the folder, a few numbers a segment. Runs whose last stage was
// not analysed are left out. IoError for a damaged file or manifest.
std::vector<RunDrift> run_drift(const std::string& folder);

}  // namespace tightrope
