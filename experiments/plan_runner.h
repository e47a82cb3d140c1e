// SPDX-License-Identifier: Apache-2.0
// Runs the packs of one plan in one folder: all of them, or a worker's share.
#pragma once

#include <string>

#include "experiments/runner.h"

namespace tightrope {

// In the order of the plan. With options.shard each pack is claimed before it is run, and one that
// another process has claimed is left to it (RunOutcome::waiting_packs), together with what depends
// on it. Without options.resume a shard that has begun before is refused. The manifest must be
// there.
RunOutcome run_packs(const CheckedExperiment& checked, const std::string& folder, bool resume,
                     const RunOptions& options);

}  // namespace tightrope
