// SPDX-License-Identifier: Apache-2.0
// Online direct preference optimization (arXiv 2402.04792): the pair is drawn from the policy
// itself, num_generations trajectories per case, the one with the largest score chosen, the one
// with the smallest rejected, and the loss is that of dpo:
//
//   L = (1 / cases) sum_i link(beta (d_chosen,i - d_rejected,i)),  d = log pi - log ref
//
// Cases whose scores are all equal have no pair and add nothing. Draws nothing itself.
#include <algorithm>

#include "core/api/rollout.h"
#include "core/base/check.h"
#include "optimizers/group_advantage.h"
#include "optimizers/preference.h"
#include "optimizers/rollout_columns.h"
#include "optimizers/sampled_fields.h"

namespace tightrope {
namespace {

class OnlineDpo final : public Optimizer, public RolloutRule {
 public:
  struct Params {
    double beta = 0.1;
    std::string loss_type = "sigmoid";
    std::int64_t num_generations = 2;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    add_beta_field(s, &Params::beta);
    s.field("loss_type", &Params::loss_type,
            {.help = "link of the pairwise loss", .choices = {"sigmoid", "hinge", "ipo_sum"}});
    add_generations_field(s, &Params::num_generations, 2);
    return s;
  }

  explicit OnlineDpo(const Params& p) : samples_(static_cast<int>(p.num_generations)) {
    options_.link = {.link = link_of(p.loss_type), .beta = p.beta};
  }

  TrajectoryKind trajectories() const override { return TrajectoryKind::kRollout; }
  bool needs_reference() const override { return true; }
  const RolloutRule* rollout() const override { return this; }
  std::vector<std::string> metrics() const override {
    std::vector<std::string> names = preference_metrics();
    for (const std::string& name : rollout_metrics()) names.push_back(name);
    names.push_back("frac_reward_zero_std");
    return names;
  }

  // The advantage marks the sides: +1 on the tokens of the chosen, -1 of the rejected trajectory.
  void loss(const Group& group, const BatchTotals& totals, GroupGradient gradient,
            MetricSums& metrics) const override {
    TR_REQUIRE(group.data.advantage.size() == group.log_prob.size(),
               "advantage has {} entries for {} tokens; it marks the chosen (> 0) and the rejected "
               "(< 0) trajectory of a case",
               group.data.advantage.size(), group.log_prob.size());
    TR_REQUIRE(group.data.reference_log_prob.size() == group.log_prob.size(),
               "reference has {} entries for {} tokens", group.data.reference_log_prob.size(),
               group.log_prob.size());
    const double weight = totals.cases > 0 ? 1.0 / totals.cases : 0.0;
    PreferenceTally tally;
    for (int c = 0; c < group.cases(); ++c) {
      int chosen = -1, rejected = -1;
      for (int n = group.group_begin[c] - group.group_begin[0];
           n < group.group_begin[c + 1] - group.group_begin[0]; ++n) {
        const double mark = mark_of(group, n);
        if (mark > 0) chosen = n;
        if (mark < 0) rejected = n;
      }
      if (chosen < 0 || rejected < 0) continue;
      add_pair(options_, group, totals, gradient, chosen, rejected, weight, tally);
    }
    tally.add_to(metrics);
  }

  RolloutPlan plan() const override { return {.samples = samples_}; }

  void assess(const Rollout& rollout, std::span<double>, Assessment& out,
              MetricSums& metrics) const override {
    check_rollout(rollout);
    out.advantage.assign(rollout.mask.size(), 0.0);
    out.target_return.assign(rollout.mask.size(), 0.0);
    const auto mark = [&](int n, double value) {
      const auto mask = trajectory_part(rollout, rollout.mask, n);
      const auto to = trajectory_part(rollout, std::span(out.advantage), n);
      for (std::size_t t = 0; t < mask.size(); ++t) to[t] = mask[t] != 0 ? value : 0.0;
    };
    for (int c = 0; c < rollout.cases(); ++c) {
      const std::int32_t begin = rollout.group_begin[c];
      const auto group = rollout.score.subspan(begin, rollout.group_begin[c + 1] - begin);
      const auto best = std::max_element(group.begin(), group.end());
      const auto worst = std::min_element(group.begin(), group.end());
      if (*best == *worst) continue;
      mark(begin + static_cast<int>(best - group.begin()), 1);
      mark(begin + static_cast<int>(worst - group.begin()), -1);
    }
    add_rollout_metrics(rollout, kl_column(rollout, KlForm::kK1, 80), 0, metrics);
    metrics["frac_reward_zero_std"] = {
        static_cast<double>(groups_without_spread(rollout.group_begin, rollout.score)),
        static_cast<double>(rollout.cases())};
  }

 private:
  static double mark_of(const Group& group, int n) {
    for (std::int32_t t = group.offset[n]; t < group.offset[n + 1]; ++t) {
      if (group.mask[t - group.offset[0]] != 0) return group.data.advantage[t - group.offset[0]];
    }
    return 0;
  }

  int samples_;
  PreferenceOptions options_;
};

TR_REGISTER(Optimizer, OnlineDpo, "online_dpo",
            "DPO on pairs of the policy's own trajectories, ordered by the reward model",
            "arXiv 2402.04792; form as TRL f2cd57710, experimental/online_dpo");

}  // namespace
}  // namespace tightrope
