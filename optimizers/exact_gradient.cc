// SPDX-License-Identifier: Apache-2.0
// The gradient that reinforce and its relatives estimate, without sampling: all complete
// trajectories y of every case v are enumerated, and the step ascends
//
//   J = (1 / cases) sum_v sum_y pi(y|v) w(y),
//   w = score - kl_coefficient (log pi - log ref) - entropy_coefficient log pi      (of y, given v)
//
// which is E score - kl_coefficient KL(pi || ref) + entropy_coefficient H(pi), all of whole
// trajectories. By the chain rule H is also the expected sum of the tokens' entropies; the gradient
// here is that of all of H, while the entropy bonus of sampled rules holds the prefixes fixed (the
// same where one token is undecided). Since E grad log pi = 0,
//
//   L = -(1 / cases) sum_v sum_y A(y) log pi(y|v),   A = pi(y|v) (w(y) - E w)       (A held fixed)
//
// has the gradient of -J; its value means nothing. Draws nothing.
#include <cmath>

#include "core/api/rollout.h"
#include "core/base/check.h"
#include "core/config/nested.h"
#include "core/config/schema.h"
#include "optimizers/rollout_columns.h"

namespace tightrope {
namespace {

struct ExactGradientParams {
  double kl_coefficient = 0;
  double entropy_coefficient = 0;
  std::int64_t max_trajectories = 4096;
  Node compare;
  std::int64_t compare_repeats = 16;
  std::int64_t compare_every = 1;
};

// The optimizer of `compare`; throws ConfigError or InputError.
std::shared_ptr<const Optimizer> compared(const Node& node) {
  if (node.is_null()) return nullptr;
  Problems problems;
  auto optimizer = Registry<Optimizer>::get().build(node, "compare", problems);
  problems.throw_if_any();
  const Node* type = node.find("type");
  const std::string name = type != nullptr ? type->text() : node.text();
  const auto refuse = [&](const char* what) {
    problems.add(node.mark(), "compare", name + " violates: " + what);
  };
  const RolloutRule* rule = optimizer->rollout();
  if (rule == nullptr) {
    refuse("must learn from trajectories that it draws, such as reinforce, rloo, grpo or ppo");
  } else if (rule->plan().enumerate > 0) {
    refuse("must draw trajectories, this one enumerates them");
  } else if (rule->plan().refills > 0) {
    refuse("dynamic_sampling must be 0, it replaces the cases that are compared");
  } else if (optimizer->wanted().value) {
    refuse("critic must be none, a critic's gradient has no exact counterpart");
  }
  problems.throw_if_any();
  return optimizer;
}

void add_fields(Schema<ExactGradientParams>& s) {
  using P = ExactGradientParams;
  s.field("kl_coefficient", &P::kl_coefficient,
          {.unit = "1/nat",
           .range = at_least(0),
           .help = "weight of KL(policy || reference) of whole trajectories",
           .per_lane = true});
  s.field("entropy_coefficient", &P::entropy_coefficient,
          {.unit = "1/nat",
           .range = at_least(0),
           .help = "weight of the entropy of whole trajectories, the expected sum of their tokens'",
           .per_lane = true});
  s.field("max_trajectories", &P::max_trajectories,
          {.unit = "1",
           .range = between(1, 1 << 20),
           .help = "refuse worlds with more complete trajectories per case than this"});
  s.field("compare", &P::compare,
          {.help = "an optimizer that samples, for example {type: rloo, num_generations: 4}: its "
                   "gradients at the same cases and parameters are drawn, and their bias and "
                   "variance logged as estimator/*; nothing: none"});
  s.field("compare_repeats", &P::compare_repeats,
          {.unit = "1",
           .range = between(2, 1 << 20),
           .help = "independent rollouts of `compare` at every step that compares"});
  s.field("compare_every", &P::compare_every,
          {.unit = "step", .range = at_least(1), .help = "compare at steps 0, this, twice this"});
}

class ExactGradient final : public Optimizer, public RolloutRule {
 public:
  using Params = ExactGradientParams;

  static Schema<Params> schema() {
    Schema<Params> s;
    add_fields(s);
    s.check(
        [](const Params& p) { return nested_violation("compare", [&] { compared(p.compare); }); });
    return s;
  }

  explicit ExactGradient(const Params& p)
      : params_(p),
        comparison_{compared(p.compare), static_cast<int>(p.compare_repeats), p.compare_every} {}

  TrajectoryKind trajectories() const override { return TrajectoryKind::kRollout; }
  bool needs_reference() const override {
    return params_.kl_coefficient > 0 ||
           (comparison_.optimizer && comparison_.optimizer->needs_reference());
  }
  const RolloutRule* rollout() const override { return this; }
  std::vector<std::string> metrics() const override {
    return {"loss", "objective", "reward", "kl_to_reference", "entropy"};
  }
  RolloutPlan plan() const override { return {.enumerate = params_.max_trajectories}; }
  const Comparison* comparison() const override {
    return comparison_.optimizer ? &comparison_ : nullptr;
  }

  // objective is J, reward, kl_to_reference (not there without a reference) and entropy its parts
  // before their coefficients.
  void assess(const Rollout& rollout, std::span<double>, Assessment& out,
              MetricSums& metrics) const override {
    check_rollout(rollout);
    TR_REQUIRE(params_.kl_coefficient == 0 || !rollout.reference_log_prob.empty(),
               "reference: missing; kl_coefficient > 0 needs it");
    out.advantage.assign(rollout.mask.size(), 0.0);
    out.target_return.assign(rollout.mask.size(), 0.0);
    for (const char* name : {"objective", "reward", "entropy"})
      metrics[name].count = rollout.cases();
    for (int c = 0; c < rollout.cases(); ++c) assess_case(rollout, c, out.advantage, metrics);
    if (!rollout.reference_log_prob.empty()) metrics["kl_to_reference"].count = rollout.cases();
  }

  void loss(const Group& group, const BatchTotals& totals, GroupGradient gradient,
            MetricSums& metrics) const override {
    TR_REQUIRE(group.data.advantage.size() == group.log_prob.size(),
               "advantage has {} entries for {} tokens; the loss needs it",
               group.data.advantage.size(), group.log_prob.size());
    const double weight = totals.cases > 0 ? 1.0 / totals.cases : 0.0;
    double loss = 0;
    for (std::size_t t = 0; t < group.log_prob.size(); ++t) {
      if (group.mask[t] == 0) continue;
      const double slope = -weight * group.data.advantage[t];
      gradient.log_prob[t] += slope;
      loss += slope * group.log_prob[t];
    }
    metrics["loss"].sum += loss;
    metrics["loss"].count = 1;
  }

 private:
  void assess_case(const Rollout& rollout, int c, std::span<double> advantage,
                   MetricSums& metrics) const {
    const int begin = rollout.group_begin[c], end = rollout.group_begin[c + 1];
    const bool has_reference = !rollout.reference_log_prob.empty();
    std::vector<double> probability, worth;
    double mass = 0, expected = 0;
    for (int n = begin; n < end; ++n) {
      const auto mask = trajectory_part(rollout, rollout.mask, n);
      const double log_prob =
          sum_where(mask, trajectory_part(rollout, rollout.behaviour_log_prob, n));
      const double ratio =
          has_reference
              ? log_prob - sum_where(mask, trajectory_part(rollout, rollout.reference_log_prob, n))
              : 0;
      const double p = std::exp(log_prob);
      probability.push_back(p);
      worth.push_back(rollout.score[n] - params_.kl_coefficient * ratio -
                      params_.entropy_coefficient * log_prob);
      mass += p;
      expected += p * worth.back();
      metrics["reward"].sum += p * rollout.score[n];
      metrics["entropy"].sum -= p * log_prob;
      if (has_reference) metrics["kl_to_reference"].sum += p * ratio;
    }
    TR_REQUIRE(
        std::abs(mass - 1) <= 1e-3,
        "the trajectories of case {} have probability {:.6g} in all, must be 1: all complete "
        "ones, each once, under a policy whose grammar mask is on",
        c, mass);
    metrics["objective"].sum += expected;
    for (int n = begin; n < end; ++n) {
      const double a = probability[n - begin] * (worth[n - begin] - expected / mass);
      const auto mask = trajectory_part(rollout, rollout.mask, n);
      const auto to = trajectory_part(rollout, advantage, n);
      for (std::size_t t = 0; t < mask.size(); ++t) to[t] = mask[t] != 0 ? a : 0.0;
    }
  }

  Params params_;
  Comparison comparison_;
};

TR_REGISTER(
    Optimizer, ExactGradient, "exact_gradient",
    "ascends the exact expected score of enumerable trajectories; compares estimators with it",
    "ours; the policy gradient theorem (Sutton et al. 1999) summed over all trajectories");

}  // namespace
}  // namespace tightrope
