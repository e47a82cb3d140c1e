// SPDX-License-Identifier: Apache-2.0
// The metrics that every preference optimizer logs, by TRL's names, summed over the pairs of a
// group.
#pragma once

#include <string>
#include <vector>

#include "core/api/optimizer.h"
#include "optimizers/pair_sums.h"

namespace tightrope {

// loss; means over pairs of rewards/chosen, rewards/rejected, rewards/accuracies (chosen >
// rejected, strictly), rewards/margins, logps/chosen, logps/rejected (nat); nll_loss per chosen
// token; displacement/chosen (mean log-ratio to the reference, nat) where there is a reference.
std::vector<std::string> preference_metrics(bool reference = true);

class PreferenceTally {
 public:
  // One pair: sums of both sides and what the optimizer calls their rewards; `accurate` where that
  // is another question than chosen_reward > rejected_reward.
  void add(const SequenceSum& chosen, double chosen_reward, const SequenceSum& rejected,
           double rejected_reward) {
    add(chosen, chosen_reward, rejected, rejected_reward, chosen_reward > rejected_reward);
  }
  void add(const SequenceSum& chosen, double chosen_reward, const SequenceSum& rejected,
           double rejected_reward, bool accurate);
  // The value of a term of the step's loss, already divided by the step's totals.
  void add_loss(double value) { loss_ += value; }
  void add_to(MetricSums& metrics, bool reference = true) const;

 private:
  double pairs_ = 0, loss_ = 0, chosen_ = 0, rejected_ = 0, accurate_ = 0;
  double log_prob_chosen_ = 0, log_prob_rejected_ = 0, ratio_ = 0, chosen_tokens_ = 0;
};

// Adds alpha x the negative log-likelihood of the chosen side per chosen token of the step to its
// gradient and to the loss.
void add_likelihood_term(double alpha, const BatchTotals& totals, const TrajectoryView& chosen,
                         const SequenceSum& sum, PreferenceTally& tally);

}  // namespace tightrope
