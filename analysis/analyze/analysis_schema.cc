// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/analysis_schema.h"

#include <algorithm>

#include "analysis/ledger/mechanism_subsets.h"

namespace tightrope {
namespace {

using Dims = std::vector<std::string>;

// Collects the variables whose dimensions are all there.
class GroupMaker {
 public:
  GroupMaker(std::string name, std::string description) {
    group_.name = std::move(name);
    group_.description = std::move(description);
  }
  void dimension(LogDimension dim) {
    if (dim.length > 0) group_.dims.push_back(std::move(dim));
  }
  void add(const std::string& name, const Dims& dims, const std::string& units,
           const std::string& long_name, LogType type = LogType::kF64) {
    const bool known = std::all_of(dims.begin(), dims.end(), [&](const std::string& dim) {
      return find_dimension(group_, dim) != nullptr;
    });
    if (!known) return;
    LogVariable variable;
    variable.name = name;
    variable.dims = dims;
    variable.type = type;
    variable.units = units;
    variable.long_name = long_name;
    group_.variables.push_back(std::move(variable));
  }
  // A mean over probes with the half width of its interval.
  void add_mean(const std::string& name, const Dims& dims, const std::string& units,
                const std::string& long_name) {
    add(name, dims, units, long_name);
    add(name + "_half_width", dims, units, "half width of the 95 % interval of " + name);
  }
  LogGroup take() { return std::move(group_); }

 private:
  LogGroup group_;
};

LogDimension names(const std::string& dim, const std::vector<std::string>& labels,
                   const std::string& long_name) {
  return labelled_dimension(dim, labels, "1", long_name);
}

// The dimensions that both groups have.
void add_axes(const PackView& view, GroupMaker& group) {
  group.dimension(fixed_dimension("segment", view.segments));
  group.dimension(labelled_dimension("checkpoint", view.checkpoint, "1",
                                     "steps done when the laws were recorded"));
  const std::vector<std::int64_t> ends(view.checkpoint.begin() + 1, view.checkpoint.end());
  group.dimension(
      labelled_dimension("interval", ends, "1", "from one checkpoint to the next: its end"));
  group.dimension(names("environment", view.environment, "named environment"));
  group.dimension(fixed_dimension("probe", view.probes));
  group.dimension(fixed_dimension("position", view.positions));
  group.dimension(names("part", {"thinking", "outcome", "all"},
                        "positions before the diagnosis, from it on, and both"));
}

void add_prefix_variables(GroupMaker& g) {
  const Dims prefix = {"segment", "checkpoint", "environment", "probe", "position"};
  const Dims move = {"segment", "interval", "environment", "probe", "position"};
  g.add("interval_start", {"interval"}, "1", "checkpoint at the start of the interval",
        LogType::kI64);
  g.add("kl", prefix, "nat", "KL(oracle || policy) of the next token at the prefix");
  g.add("beneficial", move, "nat", "beneficial drift at the prefix, sum over tokens");
  g.add("detrimental", move, "nat", "detrimental drift at the prefix, sum over tokens");
  g.add("residual", {"segment", "interval", "environment"}, "nat",
        "largest |beneficial - detrimental - fall of kl| over prefixes with a finite kl");
}

void add_sums(const PackView& view, GroupMaker& g) {
  const Dims at = {"segment", "checkpoint", "environment", "part"};
  const Dims over = {"segment", "interval", "environment", "part"};
  const Dims stage = {"segment", "environment", "part"};
  const std::string mean = ": mean over probes of the sum over positions";
  g.add_mean("kl_sum", at, "nat", "KL(oracle || policy)" + mean);
  g.add_mean("beneficial_sum", over, "nat", "beneficial drift" + mean);
  g.add_mean("detrimental_sum", over, "nat", "detrimental drift" + mean);
  g.add_mean("net_sum", over, "nat", "beneficial - detrimental" + mean);
  const Dims token = {"segment", "interval", "environment", "vocab"};
  g.add("beneficial_token", token, "nat", "beneficial drift of the token" + mean);
  g.add("detrimental_token", token, "nat", "detrimental drift of the token" + mean);
  if (view.has_targets) {
    const Dims classes = {"segment", "interval", "environment", "disease", "part"};
    g.add("beneficial_class", classes, "nat",
          "beneficial drift, sum over positions, mean over the probes of the diagnosis");
    g.add("detrimental_class", classes, "nat",
          "detrimental drift, sum over positions, mean over the probes of the diagnosis");
  }
  const std::string once = " from the segment's first checkpoint to its last in one step" + mean;
  g.add_mean("stage_beneficial", stage, "nat", "beneficial drift" + once);
  g.add_mean("stage_detrimental", stage, "nat", "detrimental drift" + once);
  g.add_mean("stage_net", stage, "nat", "beneficial - detrimental" + once);
}

void add_environment_terms(GroupMaker& g) {
  const Dims dims = {"segment", "checkpoint", "transition"};
  g.add_mean(
      "environment_term", dims, "nat",
      "KL(P' || q) - KL(P || q) of the fixed policy q, change of the prefixes' law included");
  g.add_mean("environment_entropy_term", dims, "nat",
             "H(P') - H(P), the part of the change that no policy can adapt away");
  g.add_mean("environment_cross_entropy_term", dims, "nat",
             "CE(P', q) - CE(P, q): the sum of the two others");
}

void add_effects(const PackView& view, GroupMaker& g) {
  const Dims dims = {"segment", "interval", "transition", "metric"};
  const Dims stage = {"segment", "transition", "metric"};
  const std::string unit = "1";
  const std::string of = ", mean of the two orders; unit of the metric, subset all";
  g.add("environment_effect", dims, unit, "what the move of the environment did" + of);
  g.add("adaptation_effect", dims, unit, "what the move of the policy did" + of);
  g.add("interaction", dims, unit, "gain of moving both above the sum of moving each alone");
  g.add("stage_environment_effect", stage, unit, "environment effect, first evaluation to last");
  g.add("stage_adaptation_effect", stage, unit, "adaptation effect, first evaluation to last");
  g.add("stage_interaction", stage, unit, "interaction, first evaluation to last");
  if (find_subsets(view)) {
    g.add("shapley", {"segment", "checkpoint", "metric", "mechanism"}, unit,
          "signed Shapley value of the mechanism's move; they sum to the change of the metric");
  }
}

void add_rewards(GroupMaker& g) {
  const Dims dims = {"segment", "checkpoint", "environment", "probe"};
  const std::string at = " at the answer's prefix, policy against reference";
  g.add("needed", dims, "nat", "KL that the change of P(own diagnosis) needs at least" + at);
  g.add("excess", dims, "nat", "KL beyond it, which buys no reward" + at);
  g.add("tilt", dims, "1", "log odds of the own diagnosis, policy less reference" + at);
}

void add_regret(const PackView& view, GroupMaker& g) {
  const Dims at = {"segment", "checkpoint"};
  const std::string held = "; a step function between checkpoints: each holds until the next";
  g.add("regret_environment", at, "1",
        "index of the named environment that the world is in; NaN where it is in none");
  g.add("regret", {"segment", "checkpoint", "part"}, "nat",
        "dynamic regret in log loss: sum over steps so far of KL(P_t || q_t)" + held);
  g.add(
      "regret_accuracy", at, "1",
      "sum over steps so far of 1 - accuracy / oracle_accuracy in the world's environment" + held);
  if (view.log.has("scalars/prequential_regret")) {
    g.add("regret_prequential", at, "nat",
          "sum over steps so far of the exact regret of the direct answers on the stream");
  }
  if (view.budget_time.empty()) return;
  const Dims budget = {"segment", "checkpoint", "mechanism"};
  const std::string when = " at the last logged stream_time not after the checkpoint";
  g.add("budget_hellinger", budget, "1", "variation budget" + when);
  g.add("budget_total_variation", budget, "1", "variation budget" + when);
}

}  // namespace

std::vector<std::string> transition_names(const PackView& view) {
  const std::vector<std::size_t> order = view.by_time();
  std::vector<std::string> labels;
  for (std::size_t i = 1; i < order.size(); ++i) {
    labels.push_back(view.environment[order[i - 1]] + ">" + view.environment[order[i]]);
  }
  return labels;
}

LogGroup ledger_group(const PackView& view) {
  GroupMaker g("ledger", "beneficial and detrimental drift; docs/ledger.md");
  add_axes(view, g);
  g.dimension(names("vocab", view.token, "token"));
  g.dimension(names("disease", view.disease, "diagnosis of the case"));
  g.dimension(names("transition", transition_names(view), "from one environment to the next"));
  g.dimension(names("metric", view.metric, "variable of /evaluation"));
  g.dimension(names("mechanism", view.mechanism, "mechanism of the causal world"));
  add_prefix_variables(g);
  add_sums(view, g);
  add_environment_terms(g);
  if (view.has_targets) add_rewards(g);
  add_effects(view, g);
  add_regret(view, g);
  return g.take();
}

LogGroup measures_group(const PackView& view) {
  GroupMaker g("measures", "exact distances between next-token laws at the probes' prefixes");
  add_axes(view, g);
  g.dimension(names("against", {"oracle", "reference"}, "the law P that the policy q is held to"));
  const Dims prefix = {"segment", "checkpoint", "environment", "probe", "position", "against"};
  g.add("kl_forward", prefix, "nat", "KL(P || q)");
  g.add("kl_reverse", prefix, "nat", "KL(q || P)");
  g.add("jensen_shannon", prefix, "nat", "Jensen-Shannon divergence");
  g.add("total_variation", prefix, "1", "total variation distance");
  g.add("hellinger", prefix, "1", "Hellinger distance, at most 1");
  g.add("bhattacharyya", prefix, "nat", "Bhattacharyya distance, -ln sum sqrt(P q)");
  g.add("step_drift", {"segment", "interval", "environment", "probe", "position"}, "nat",
        "KL(policy at the interval's end || at its start) at the prefix");
  g.add_mean("step_drift_sum", {"segment", "interval", "environment", "part"}, "nat",
             "step_drift: mean over probes of the sum over positions; prefixes from the oracle");
  if (view.disease.empty()) return g.take();
  const std::string law = "KL(z_j || z_(j-1)): what token j did to the latent diagnosis of the ";
  g.add("position_drift_policy", {"segment", "checkpoint", "environment", "probe", "position"},
        "nat", law + "policy");
  g.add("position_drift_oracle", {"segment", "environment", "probe", "position"}, "nat",
        law + "oracle");
  return g.take();
}

}  // namespace tightrope
