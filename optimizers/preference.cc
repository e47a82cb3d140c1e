// SPDX-License-Identifier: Apache-2.0
#include "optimizers/preference.h"

#include <algorithm>

#include "core/base/check.h"
#include "optimizers/pair_sums.h"

namespace tightrope {
namespace {

// Sums over the pairs of one group; added to the step's metrics once per group.
struct Tally {
  double loss = 0;
  double reward_chosen = 0;
  double reward_rejected = 0;
  double accurate = 0;
  double log_prob_chosen = 0;
  double log_prob_rejected = 0;
  double ratio_chosen = 0;
  double chosen_tokens = 0;
};

struct Sides {
  TrajectoryView chosen;
  TrajectoryView rejected;
  SequenceSum chosen_sum;
  SequenceSum rejected_sum;
};

Sides sides_of(const Group& group, const GroupGradient& gradient, int pair) {
  const int first = group.group_begin[pair] - group.group_begin[0];
  TR_CHECK(group.group_begin[pair + 1] - group.group_begin[pair] == 2,
           "case {} has {} trajectories, a pair has 2", group.first_case + pair,
           group.group_begin[pair + 1] - group.group_begin[pair]);
  Sides s;
  s.chosen = trajectory_of(group, gradient, first);
  s.rejected = trajectory_of(group, gradient, first + 1);
  s.chosen_sum = sum_scored(s.chosen);
  s.rejected_sum = sum_scored(s.rejected);
  return s;
}

PairRatios ratios_of(const SequenceSum& chosen, const SequenceSum& rejected) {
  // An empty side has log-ratio 0; the length only keeps the division away from 0.
  return {chosen.ratio(), rejected.ratio(), static_cast<double>(std::max(1, chosen.length)),
          static_cast<double>(std::max(1, rejected.length))};
}

// The preference term of one pair; its gradient is scaled by `weight`.
double add_preference(const PreferenceOptions& options, const Sides& s, double weight) {
  if (options.credit == Credit::kTrajectory) {
    const PairLoss loss = pairwise_link(options.link, ratios_of(s.chosen_sum, s.rejected_sum));
    add_slope(s.chosen, weight * loss.chosen_slope);
    add_slope(s.rejected, weight * loss.rejected_slope);
    return loss.value;
  }
  const PartingTokens at = first_divergence(s.chosen, s.rejected);
  const PairLoss loss = pairwise_link(
      options.link, ratios_of(sum_at(s.chosen, at.chosen), sum_at(s.rejected, at.rejected)));
  if (at.chosen >= 0) s.chosen.gradient[at.chosen] += weight * loss.chosen_slope;
  if (at.rejected >= 0) s.rejected.gradient[at.rejected] += weight * loss.rejected_slope;
  return loss.value;
}

void add_to(MetricSums& metrics, const std::vector<std::string>& names, const Tally& tally,
            double pairs) {
  const double sums[] = {tally.reward_chosen,    tally.reward_rejected,
                         tally.accurate,         tally.reward_chosen - tally.reward_rejected,
                         tally.log_prob_chosen,  tally.log_prob_rejected,
                         -tally.log_prob_chosen, tally.ratio_chosen};
  MetricSum& loss = metrics[names[0]];
  loss.sum += tally.loss;
  loss.count = 1;
  for (std::size_t m = 1; m < names.size(); ++m) {
    MetricSum& metric = metrics[names[m]];
    metric.sum += sums[m - 1];
    metric.count += names[m] == "nll_loss" ? tally.chosen_tokens : pairs;
  }
}

}  // namespace

PreferenceOptions preference_options(const PreferenceParams& p, double beta, double rpo_alpha) {
  PreferenceOptions options;
  options.link = {
      .link = link_of(p.loss_type),
      .beta = beta,
      .label_smoothing = p.label_smoothing,
      .discopop_tau = p.discopop_tau,
      .bco_shift = p.bco_shift,
      .divergence = {divergence_of(p.f_divergence), p.alpha_divergence, p.exponent_clamp}};
  options.credit = p.credit == "trajectory" ? Credit::kTrajectory : Credit::kFirstDivergence;
  options.rpo_alpha = rpo_alpha;
  return options;
}

std::vector<std::string> preference_metrics() {
  return {
      "loss",         "rewards/chosen", "rewards/rejected", "rewards/accuracies", "rewards/margins",
      "logps/chosen", "logps/rejected", "nll_loss",         "displacement/chosen"};
}

void preference_loss(const PreferenceOptions& options, const Group& group,
                     const BatchTotals& totals, GroupGradient gradient, MetricSums& metrics) {
  static const std::vector<std::string> names = preference_metrics();
  TR_CHECK(group.data.reference_log_prob.size() == group.log_prob.size(),
           "{} reference log-probs for {} tokens", group.data.reference_log_prob.size(),
           group.log_prob.size());
  const double pair_weight = totals.cases > 0 ? 1.0 / totals.cases : 0.0;
  const double nll_weight =
      totals.chosen_tokens > 0 ? options.rpo_alpha / totals.chosen_tokens : 0.0;
  Tally tally;
  for (int pair = 0; pair < group.cases(); ++pair) {
    const Sides s = sides_of(group, gradient, pair);
    tally.loss += pair_weight * add_preference(options, s, pair_weight);
    if (nll_weight != 0) {
      tally.loss -= nll_weight * s.chosen_sum.log_prob;
      add_slope(s.chosen, -nll_weight);
    }
    const double chosen = options.link.beta * s.chosen_sum.ratio();
    const double rejected = options.link.beta * s.rejected_sum.ratio();
    tally.reward_chosen += chosen;
    tally.reward_rejected += rejected;
    tally.accurate += chosen > rejected ? 1 : 0;
    tally.log_prob_chosen += s.chosen_sum.log_prob;
    tally.log_prob_rejected += s.rejected_sum.log_prob;
    tally.ratio_chosen += s.chosen_sum.ratio();
    tally.chosen_tokens += s.chosen_sum.length;
  }
  add_to(metrics, names, tally, group.cases());
}

}  // namespace tightrope
