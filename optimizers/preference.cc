// SPDX-License-Identifier: Apache-2.0
#include "optimizers/preference.h"

#include <algorithm>

#include "core/base/check.h"
#include "optimizers/pair_sums.h"

namespace tightrope {
namespace {

struct Sides {
  TrajectoryView chosen;
  TrajectoryView rejected;
  SequenceSum chosen_sum;
  SequenceSum rejected_sum;
};

Sides sides_of(const PreferenceOptions& options, const Group& group, const GroupGradient& gradient,
               int chosen, int rejected) {
  Sides s;
  s.chosen = trajectory_of(group, gradient, chosen);
  s.rejected = trajectory_of(group, gradient, rejected);
  if (options.reference_free) s.chosen.reference = s.rejected.reference = {};
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

std::optional<double> logistic_beta_of(const PreferenceOptions& options) {
  const LinkOptions& link = options.link;
  const bool plain = link.link == Link::kSigmoid && link.label_smoothing == 0 &&
                     link.divergence.kind == Divergence::kReverseKl && !options.reference_free;
  return plain ? std::optional(link.beta) : std::nullopt;
}

double add_pair(const PreferenceOptions& options, const Group& group, const BatchTotals& totals,
                const GroupGradient& gradient, int chosen, int rejected, double weight,
                PreferenceTally& tally) {
  const Sides s = sides_of(options, group, gradient, chosen, rejected);
  const double value = add_preference(options, s, weight);
  tally.add_loss(weight * value);
  add_likelihood_term(options.rpo_alpha, totals, s.chosen, s.chosen_sum, tally);
  tally.add(s.chosen_sum, options.link.beta * s.chosen_sum.ratio(), s.rejected_sum,
            options.link.beta * s.rejected_sum.ratio());
  return value;
}

void preference_loss(const PreferenceOptions& options, const Group& group,
                     const BatchTotals& totals, GroupGradient gradient, MetricSums& metrics) {
  TR_CHECK(options.reference_free || group.data.reference_log_prob.size() == group.log_prob.size(),
           "{} reference log-probs for {} tokens", group.data.reference_log_prob.size(),
           group.log_prob.size());
  const double pair_weight = totals.cases > 0 ? 1.0 / totals.cases : 0.0;
  PreferenceTally tally;
  for (int pair = 0; pair < group.cases(); ++pair) {
    const int first = group.group_begin[pair] - group.group_begin[0];
    TR_CHECK(group.group_begin[pair + 1] - group.group_begin[pair] == 2,
             "case {} has {} trajectories, a pair has 2", group.first_case + pair,
             group.group_begin[pair + 1] - group.group_begin[pair]);
    add_pair(options, group, totals, gradient, first, first + 1,
             pair_weight * group.weight_of(pair), tally);
  }
  tally.add_to(metrics, !options.reference_free);
}

}  // namespace tightrope
