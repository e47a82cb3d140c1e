// SPDX-License-Identifier: Apache-2.0
#include "optimizers/surrogate.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/check.h"
#include "optimizers/clipped_value.h"

namespace tightrope {
namespace {

// Sums of one group; the first four are weighted by the normaliser.
struct Tally {
  double loss = 0, policy = 0, value = 0, kl = 0;
  double entropy = 0, ratio = 0, active = 0, low = 0, high = 0, outside = 0, dual = 0, capped = 0;
  double clipped = 0;
  std::array<double, 3> approx = {};
  double tokens = 0;
};

// What the tokens of one trajectory share.
struct Trajectory {
  std::size_t begin = 0, end = 0;
  double length = 0;       // scored tokens
  double weight = 0;       // of each of them
  double mean_change = 0;  // of log pi - log behaviour
  double mean_advantage = 0;
};

bool has_ratio(const SurrogateOptions& options) { return options.term != PolicyTerm::kScore; }

void require_column(std::span<const double> column, std::size_t size, const char* name,
                    const char* why) {
  TR_REQUIRE(column.size() == size, "{} has {} entries for {} tokens; {} needs it", name,
             column.size(), size, why);
}

void require_columns(const SurrogateOptions& options, const Group& group) {
  const std::size_t size = group.log_prob.size();
  require_column(group.data.advantage, size, "advantage", "the policy loss");
  if (has_ratio(options) || options.kl_correction) {
    require_column(group.data.behaviour_log_prob, size, "behaviour", "the ratio");
  }
  if (options.critic) {
    require_column(group.value, size, "value", "critic = head");
    require_column(group.data.behaviour_value, size, "value_old", "critic = head");
    require_column(group.data.target_return, size, "return", "critic = head");
  }
  if (options.entropy_coefficient > 0) {
    require_column(group.entropy, size, "entropy", "entropy_coefficient > 0");
  }
  if (options.kl_coefficient > 0) {
    require_column(group.data.reference_log_prob, size, "reference", "the KL term");
  }
}

Trajectory trajectory_at(const SurrogateOptions& options, const Group& group,
                         const BatchTotals& totals, int c, int n) {
  Trajectory out;
  out.begin = static_cast<std::size_t>(group.offset[n] - group.offset[0]);
  out.end = static_cast<std::size_t>(group.offset[n + 1] - group.offset[0]);
  double change = 0, advantage = 0;
  for (std::size_t t = out.begin; t < out.end; ++t) {
    if (group.mask[t] == 0) continue;
    out.length += 1;
    if (options.level == RatioLevel::kToken) continue;
    change += group.log_prob[t] - group.data.behaviour_log_prob[t];
    advantage += group.data.advantage[t];
  }
  if (out.length > 0) {
    out.mean_change = change / out.length;
    out.mean_advantage = advantage / out.length;
  }
  out.weight =
      group.weight_of(c) *
      token_weight(options.normaliser, totals, static_cast<int>(out.length), options.fixed_length);
  return out;
}

void count_ratio(const SurrogateOptions& options, const RatioTerm& term, double change,
                 Tally& tally) {
  tally.ratio += term.ratio;
  tally.active += term.active ? 1 : 0;
  tally.low += term.active && term.ratio < 1 ? 1 : 0;
  tally.high += term.active && term.ratio > 1 ? 1 : 0;
  tally.outside += term.outside ? 1 : 0;
  tally.dual += term.dual ? 1 : 0;
  tally.capped += options.term == PolicyTerm::kTruncate && term.ratio > options.cap ? 1 : 0;
  for (int form = 0; form < 3; ++form) {
    tally.approx[form] +=
        kl_estimate(static_cast<KlForm>(form), -change, options.ratio.exponent_clamp).value;
  }
}

// The policy's term of token t of trajectory y.
void add_policy(const SurrogateOptions& options, const Group& group, const Trajectory& y,
                std::size_t t, GroupGradient& gradient, Tally& tally) {
  const double advantage =
      options.level == RatioLevel::kToken ? group.data.advantage[t] : y.mean_advantage;
  double value = -advantage * group.log_prob[t], slope = -advantage;
  if (has_ratio(options)) {
    const double own = group.log_prob[t] - group.data.behaviour_log_prob[t];
    const double change = options.level == RatioLevel::kToken          ? own
                          : options.level == RatioLevel::kSequenceMean ? y.mean_change
                                                                       : y.mean_change * y.length;
    const RatioTerm term = clipped_ratio(options.ratio, change, advantage);
    if (options.term == PolicyTerm::kTruncate) {
      value *= std::min(term.ratio, options.cap);
      slope *= std::min(term.ratio, options.cap);
    } else {
      // With a sum, every token of the trajectory moves the one ratio by its whole change.
      value = term.value;
      slope = term.slope * (options.level == RatioLevel::kSequenceSum ? y.length : 1);
    }
    count_ratio(options, term, own, tally);
  }
  gradient.log_prob[t] += y.weight * slope;
  tally.policy += y.weight * value;
  tally.tokens += 1;
}

void add_kl(const SurrogateOptions& options, const Group& group, double weight, std::size_t t,
            GroupGradient& gradient, Tally& tally) {
  KlEstimate kl = kl_estimate(options.kl_form, group.log_prob[t] - group.data.reference_log_prob[t],
                              options.ratio.exponent_clamp);
  if (options.kl_correction) {
    const double change = group.log_prob[t] - group.data.behaviour_log_prob[t];
    const double ratio = std::exp(std::min(change, options.ratio.exponent_clamp));
    const bool moves = change <= options.ratio.exponent_clamp;
    kl = {ratio * kl.value, ratio * (kl.slope + (moves ? kl.value : 0))};
  }
  gradient.log_prob[t] += weight * options.kl_coefficient * kl.slope;
  tally.kl += weight * kl.value;
}

void add_extras(const SurrogateOptions& options, const Group& group, double weight, std::size_t t,
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
  if (options.kl_coefficient > 0) add_kl(options, group, weight, t, gradient, tally);
}

void add_to(MetricSums& metrics, const SurrogateOptions& options, const Tally& tally,
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
  if (!has_ratio(options)) return;
  per_token("ratio", tally.ratio);
  per_token("clip_frac/active", tally.active);
  per_token("clip_frac/low", tally.low);
  per_token("clip_frac/high", tally.high);
  per_token("clip_frac/outside", tally.outside);
  per_token("clip_frac/dual", tally.dual);
  per_token("clip_frac/capped", tally.capped);
  per_token("approx_kl/k1", tally.approx[0]);
  per_token("approx_kl/k2", tally.approx[1]);
  per_token("approx_kl/k3", tally.approx[2]);
}

}  // namespace

std::vector<std::string> surrogate_metrics() {
  return {"loss",
          "policy_loss",
          "value_loss",
          "kl_loss",
          "entropy",
          "ratio",
          "clip_frac/active",
          "clip_frac/low",
          "clip_frac/high",
          "clip_frac/outside",
          "clip_frac/dual",
          "clip_frac/capped",
          "clip_frac/value",
          "approx_kl/k1",
          "approx_kl/k2",
          "approx_kl/k3"};
}

void surrogate_loss(const SurrogateOptions& options, const Group& group, const BatchTotals& totals,
                    GroupGradient gradient, MetricSums& metrics) {
  require_columns(options, group);
  Tally tally;
  for (int c = 0; c < group.cases(); ++c) {
    const int first = group.group_begin[0];
    for (int n = group.group_begin[c] - first; n < group.group_begin[c + 1] - first; ++n) {
      const Trajectory y = trajectory_at(options, group, totals, c, n);
      for (std::size_t t = y.begin; t < y.end; ++t) {
        if (group.mask[t] == 0) continue;
        add_policy(options, group, y, t, gradient, tally);
        add_extras(options, group, y.weight, t, gradient, tally);
      }
    }
  }
  add_to(metrics, options, tally, !group.entropy.empty());
}

}  // namespace tightrope
