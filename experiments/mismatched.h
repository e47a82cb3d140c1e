// SPDX-License-Identifier: Apache-2.0
// The KL baseline of optimizers that need mismatched trajectories (Optimizer::needs_mismatched).
#pragma once

#include <span>

#include "core/api/policy.h"

namespace tightrope {

// The batch's trajectories, those of each case under the image of the case before it (the first
// under the last's). Needs two cases.
TokenBatch mismatched(const TokenBatch& batch);

// Mean over those trajectories of log pi - log reference, nat: KTO's z0 before it is cut at 0
// (arXiv 2402.01306, section 3.2; shifted by one as TRL's kto_trainer.py).
double mismatched_log_ratio(const Policy& policy, std::span<const float> parameters,
                            std::span<const float> reference, const TokenBatch& batch,
                            Workspace& workspace);

}  // namespace tightrope
