// SPDX-License-Identifier: Apache-2.0
#include "optimizers/preference_tally.h"

namespace tightrope {

std::vector<std::string> preference_metrics(bool reference) {
  std::vector<std::string> names = {
      "loss",         "rewards/chosen", "rewards/rejected", "rewards/accuracies", "rewards/margins",
      "logps/chosen", "logps/rejected", "nll_loss"};
  if (reference) names.push_back("displacement/chosen");
  return names;
}

void PreferenceTally::add(const SequenceSum& chosen, double chosen_reward,
                          const SequenceSum& rejected, double rejected_reward, bool accurate) {
  pairs_ += 1;
  chosen_ += chosen_reward;
  rejected_ += rejected_reward;
  accurate_ += accurate ? 1 : 0;
  log_prob_chosen_ += chosen.log_prob;
  log_prob_rejected_ += rejected.log_prob;
  ratio_ += chosen.ratio();
  chosen_tokens_ += chosen.length;
}

void PreferenceTally::add_to(MetricSums& metrics, bool reference) const {
  metrics["loss"].sum += loss_;
  metrics["loss"].count = 1;
  const auto add = [&](const char* name, double sum, double count) {
    metrics[name].sum += sum;
    metrics[name].count += count;
  };
  add("rewards/chosen", chosen_, pairs_);
  add("rewards/rejected", rejected_, pairs_);
  add("rewards/accuracies", accurate_, pairs_);
  add("rewards/margins", chosen_ - rejected_, pairs_);
  add("logps/chosen", log_prob_chosen_, pairs_);
  add("logps/rejected", log_prob_rejected_, pairs_);
  add("nll_loss", -log_prob_chosen_, chosen_tokens_);
  if (reference) add("displacement/chosen", ratio_, pairs_);
}

void add_likelihood_term(double alpha, const BatchTotals& totals, const TrajectoryView& chosen,
                         const SequenceSum& sum, PreferenceTally& tally) {
  const double weight = totals.chosen_tokens > 0 ? alpha / totals.chosen_tokens : 0.0;
  if (weight == 0) return;
  tally.add_loss(-weight * sum.log_prob);
  add_slope(chosen, -weight);
}

}  // namespace tightrope
