// SPDX-License-Identifier: Apache-2.0
// `tightrope objective NAME --input FILE.json [--set key=value ...]`: an optimizer's loss and its
// gradient by the log-probabilities, in float64, for numbers given in JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tightrope {

// Input for optimizers on pairs (dpo, cpo, simpo, orpo, ...): policy_chosen, policy_rejected,
// reference_chosen, reference_rejected [N][T] (references only where the optimizer has one); with
// several negatives policy_rejected_1, policy_rejected_2, ...; for sft: policy [N][T]. Rows may be
// ragged; entries are log-probs of tokens, nat. Optional: mask_* of the same suffix (mask for sft),
// default all 1; tokens_chosen, tokens_rejected (needed with credit: first_divergence). kto also
// takes policy_mismatched, reference_mismatched (mask_mismatched): trajectories under other cases'
// images. Where a mask is 0 anything may stand, also null. The batch is one optimizer step.
//
// For rules on sampled trajectories (ppo, grpo, rloo, reinforce, online_dpo): policy [N][T] and
// either advantage [N] or [N][T], or reward [N], from which the rule makes advantages; optional
// behaviour (with rewards: default the policy itself), reference, mask, value, value_old, return,
// entropy [N][T], as the options need them. group_size: consecutive rows that are trajectories of
// one case; default 1, with rewards the optimizer's num_generations; greedy_reward, one a case.
//
// Output: "loss"; "per_sample", by case, whose mean is the loss; "gradient", d loss by each policy
// field (and value, entropy where given) in its shape, 0 where masked; "advantage" [N][T] where it
// was made; "metrics", by name. `sets` are the texts "key=value" of the optimizer's options. Throws
// InputError (a ConfigError for options) naming path, value and what is allowed.
nlohmann::json run_objective(const std::string& name, const nlohmann::json& input,
                             const std::vector<std::string>& sets);

}  // namespace tightrope
