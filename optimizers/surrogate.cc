// SPDX-License-Identifier: Apache-2.0
#include "optimizers/ppo_loss.h"

#include <array>
#include <cmath>

#include "core/base/check.h"
#include "optimizers/clipped_value.h"

namespace tightrope {
namespace {

// Sums of one group; the first four are weighted by the normaliser.
struct Tally {
  double loss = 0, policy = 0, value = 0, kl = 0;
  double entropy = 0, ratio = 0, active = 0, low = 0, high = 0, outside = 0, dual = 0, clipped = 0;
  std::array<double, 3> approx = {};
  double tokens = 0;
};

void require_column(std::span<const double> column, std::size_t size, const char* name,
                    const char* why) {
  TR_REQUIRE(column.size() == size, "ppo: {} has {} entries for {} tokens; {} needs it", name,
             column.size(), size, why);
}

void require_columns(const PpoLossOptions& options, const Group& group) {
  const std::size_t size = group.log_prob.size();
  require_column(group.data.behaviour_log_prob, size, "behaviour", "the ratio");
  require_column(group.data.advantage, size, "advantage", "the policy loss");
  if (options.critic) {
    require_column(group.value, size, "value", "critic = head");
    require_column(group.data.behaviour_value, size, "value_old", "critic = head");
    require_column(group.data.target_return, size, "return", "critic = head");
  }
  if (options.entropy_coefficient > 0) {
    require_column(group.entropy, size, "entropy", "entropy_coefficient > 0");
  }
  if (options.kl_coefficient > 0) {
    require_column(group.data.reference_log_prob, size, "reference", "kl_placement = loss");
  }
}

// The parts of token t that every setting has.
void add_policy(const PpoLossOptions& options, const Group& group, std::size_t t, double weight,
                GroupGradient& gradient, Tally& tally) {
  const double change = group.log_prob[t] - group.data.behaviour_log_prob[t];
  const RatioTerm term = clipped_ratio(options.ratio, change, group.data.advantage[t]);
  gradient.log_prob[t] += weight * term.slope;
  tally.policy += weight * term.value;
  tally.ratio += term.ratio;
  tally.active += term.active ? 1 : 0;
  tally.low += term.active && term.ratio < 1 ? 1 : 0;
  tally.high += term.active && term.ratio > 1 ? 1 : 0;
  tally.outside += term.outside ? 1 : 0;
  tally.dual += term.dual ? 1 : 0;
  for (int form = 0; form < 3; ++form) {
    tally.approx[form] +=
        kl_estimate(static_cast<KlForm>(form), -change, options.ratio.exponent_clamp).value;
  }
  tally.tokens += 1;
}

void add_extras(const PpoLossOptions& options, const Group& group, std::size_t t, double weight,
                GroupGradient& gradient, Tally& tally) {
  if (options.critic) {
    const ValueTerm term =
        clipped_value(options.value_clip, group.value[t], group.data.behaviour_value[t],
                      group.data.target_return[t]);
    gradient.value[t] += weight * options.value_coefficient * term.slope;
    tally.value += weight * term.value;
    tally.clipped += term.clipped ? 1 : 0;
  }
  if (!group.entropy.empty()) tally.entropy += group.entropy[t];
  if (options.entropy_coefficient > 0) {
    gradient.entropy[t] -= weight * options.entropy_coefficient;
    tally.loss -= weight * options.entropy_coefficient * group.entropy[t];
  }
  if (options.kl_coefficient > 0) {
    const KlEstimate kl =
        kl_estimate(options.kl_form, group.log_prob[t] - group.data.reference_log_prob[t],
                    options.ratio.exponent_clamp);
    gradient.log_prob[t] += weight * options.kl_coefficient * kl.slope;
    tally.kl += weight * kl.value;
  }
}

void add_to(MetricSums& metrics, const PpoLossOptions& options, const Tally& tally,
            bool has_entropy) {
  const auto term = [&](const char* name, double value) {
    metrics[name].sum += value;
    metrics[name].count = 1;
  };
  const auto per_token = [&](const char* name, double sum) {
    metrics[name].sum += sum;
    metrics[name].count += tally.tokens;
  };
  term("loss", tally.loss + tally.policy + options.value_coefficient * tally.value +
                   options.kl_coefficient * tally.kl);
  term("policy_loss", tally.policy);
  if (options.critic) {
    term("value_loss", tally.value);
    per_token("clip_frac/value", tally.clipped);
  }
  if (options.kl_coefficient > 0) term("kl_loss", tally.kl);
  if (has_entropy) per_token("entropy", tally.entropy);
  per_token("ratio", tally.ratio);
  per_token("clip_frac/active", tally.active);
  per_token("clip_frac/low", tally.low);
  per_token("clip_frac/high", tally.high);
  per_token("clip_frac/outside", tally.outside);
  per_token("clip_frac/dual", tally.dual);
  per_token("approx_kl/k1", tally.approx[0]);
  per_token("approx_kl/k2", tally.approx[1]);
  per_token("approx_kl/k3", tally.approx[2]);
}

}  // namespace

std::vector<std::string> ppo_loss_metrics() {
  return {
      "loss",           "policy_loss",      "value_loss",    "kl_loss",        "entropy",
      "ratio",          "clip_frac/active", "clip_frac/low", "clip_frac/high", "clip_frac/outside",
      "clip_frac/dual", "clip_frac/value",  "approx_kl/k1",  "approx_kl/k2",   "approx_kl/k3"};
}

void ppo_loss(const PpoLossOptions& options, const Group& group, const BatchTotals& totals,
              GroupGradient gradient, MetricSums& metrics) {
  require_columns(options, group);
  Tally tally;
  for (int n = 0; n < group.trajectories(); ++n) {
    const std::size_t begin = group.offset[n] - group.offset[0];
    const std::size_t end = group.offset[n + 1] - group.offset[0];
    int length = 0;
    for (std::size_t t = begin; t < end; ++t) length += group.mask[t];
    const double weight = token_weight(options.normaliser, totals, length);
    for (std::size_t t = begin; t < end; ++t) {
      if (group.mask[t] == 0) continue;
      add_policy(options, group, t, weight, gradient, tally);
      add_extras(options, group, t, weight, gradient, tally);
    }
  }
  add_to(metrics, options, tally, !group.entropy.empty());
}

}  // namespace tightrope
