// SPDX-License-Identifier: Apache-2.0
// `tightrope objective NAME --input FILE.json [--set key=value ...]`: an optimizer's loss and its
// gradient by the log-probabilities, in float64, for numbers given in JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tightrope {

// Input for optimizers on pairs (dpo, cpo): policy_chosen, policy_rejected, reference_chosen,
// reference_rejected [N][T]; for sft: policy [N][T]. Rows may be ragged; entries are log-probs of
// tokens, nat. Optional: mask_chosen, mask_rejected (mask for sft), default all 1; tokens_chosen,
// tokens_rejected (needed with credit: first_divergence). Where a mask is 0 anything may stand,
// also null. The batch is one optimizer step.
//
// For ppo, on single trajectories: policy, behaviour [N][T], advantage [N] or [N][T]; optional
// reference, mask, value, value_old, return, entropy [N][T], as the options need them.
//
// Output: "loss"; "per_sample" [N], whose mean is the loss; "gradient", d loss by each policy field
// (and value, entropy where given) in its shape, 0 where masked; "metrics", by name. `sets` are the
// texts "key=value" of the optimizer's options. Throws InputError (a ConfigError for options)
// naming path, value and what is allowed.
nlohmann::json run_objective(const std::string& name, const nlohmann::json& input,
                             const std::vector<std::string>& sets);

}  // namespace tightrope
