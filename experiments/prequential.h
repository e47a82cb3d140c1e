// SPDX-License-Identifier: Apache-2.0
// Test-then-train (Dawid 1984; Gama et al. 2013): a stream's batch is answered before the policy
// learns from it, each case under the law that it was drawn from.
#pragma once

#include "core/api/optimizer.h"
#include "core/api/policy.h"
#include "experiments/world_context.h"

namespace tightrope {

// prequential/accuracy, prequential/log_loss (nat) and prequential/regret (nat).
std::vector<std::string> prequential_metrics();

// The policy's answers without thinking: row n of `belief` is log pi(z | v_n).
Distributions direct_answers(const Policy& policy, std::span<const float> parameters,
                             const Cases& cases, Workspace& workspace);

// Means over the cases, of answers without thinking: accuracy of the most probable diagnosis,
// -log pi(z | v), and regret: the mean over cases of KL(oracle || policy) of that answer, what the
// log loss exceeds the oracle's by in expectation, exact for each image.
MetricSums prequential(const Policy& policy, std::span<const float> parameters, const Cases& cases,
                       const CaseLaws& laws, Workspace& workspace);

}  // namespace tightrope
