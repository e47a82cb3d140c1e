// SPDX-License-Identifier: Apache-2.0
#include "experiments/objective_command.h"

#include <memory>

#include "core/api/rollout.h"
#include "core/base/check.h"
#include "core/config/yaml.h"
#include "experiments/objective_batch.h"

namespace tightrope {
namespace {

using nlohmann::json;

Node options_of(const std::string& name, const std::vector<std::string>& sets) {
  std::vector<NodeEntry> entries{{"type", {}, text_node(name)}};
  for (const std::string& set : sets) {
    const std::size_t equals = set.find('=');
    TR_REQUIRE(equals != std::string::npos && equals > 0, "--set {}: must be key=value", set);
    const std::string key = set.substr(0, equals);
    TR_REQUIRE(key != "type", "--set {}: the optimizer is named by the command's argument", set);
    const Node value = parse_value(std::string_view(set).substr(equals + 1), "--set " + set);
    std::erase_if(entries, [&](const NodeEntry& entry) { return entry.key == key; });
    entries.push_back({key, value.mark(), value});
  }
  return Node::map(std::move(entries));
}

// Advantages (and returns) from rewards, as the rule makes them of a rollout; where no behaviour
// was given the policy itself drew the trajectories. Adds the rollout's metrics.
void assess_rewards(const RolloutRule& rule, ObjectiveBatch& batch, MetricSums& metrics) {
  if (batch.behaviour.empty()) batch.behaviour = batch.log_prob;
  TR_REQUIRE(!rule.plan().greedy || !batch.greedy_reward.empty(),
             "greedy_reward: missing; this baseline needs a number for each case");
  std::vector<double> state = rule.initial_state();
  Assessment assessed;
  rule.assess({.group_begin = batch.group_begin,
               .offset = batch.offset,
               .mask = batch.mask,
               .behaviour_log_prob = batch.behaviour,
               .behaviour_value = batch.value_old,
               .reference_log_prob = batch.reference,
               .score = batch.reward,
               .greedy_score = batch.greedy_reward},
              state, assessed, metrics);
  rule.prepare(batch.mask, assessed.advantage);
  batch.advantage = std::move(assessed.advantage);
  if (batch.target_return.empty()) batch.target_return = std::move(assessed.target_return);
}

// One case's share of the loss, times the number of cases.
json per_case(const Optimizer& optimizer, const ObjectiveBatch& batch) {
  json out = json::array();
  for (int c = 0; c < batch.cases(); ++c) {
    const Group one = batch.group(c, 1);
    std::vector<double> unused(one.log_prob.size(), 0.0);
    MetricSums sums;
    optimizer.loss(one, batch.totals, {unused, unused, unused}, sums);
    out.push_back(sums.at("loss").sum * batch.cases());
  }
  return out;
}

}  // namespace

json run_objective(const std::string& name, const json& input,
                   const std::vector<std::string>& sets) {
  const Node options = options_of(name, sets);
  Problems problems;
  const auto optimizer = Registry<Optimizer>::get().build(options, "", problems);
  problems.throw_if_any();
  ObjectiveBatch batch = read_objective(name, *optimizer, options, input);
  MetricSums metrics;
  const bool rewards = !batch.reward.empty();
  if (rewards) assess_rewards(*optimizer->rollout(), batch, metrics);

  std::vector<double> gradient(batch.log_prob.size(), 0.0);
  std::vector<double> by_entropy(batch.entropy.size(), 0.0), by_value(batch.value.size(), 0.0);
  optimizer->loss(batch.group(0, batch.cases()), batch.totals, {gradient, by_entropy, by_value},
                  metrics);

  json out;
  out["loss"] = metrics.at("loss").sum;
  out["per_sample"] = per_case(*optimizer, batch);
  json& slopes = out["gradient"] = json::object();
  for (std::size_t s = 0; s < batch.sides.size(); ++s) {
    slopes[batch.sides[s].field] = batch.rows_of(gradient, s);
  }
  if (!batch.value.empty()) slopes["value"] = batch.rows_of(by_value, 0);
  if (!batch.entropy.empty()) slopes["entropy"] = batch.rows_of(by_entropy, 0);
  if (rewards) out["advantage"] = batch.rows_of(batch.advantage, 0);
  json& named = out["metrics"] = json::object();
  for (const std::string& metric : optimizer->metrics()) {
    if (metrics.count(metric) == 0) continue;  // of a rollout, or of a field that was not given
    named[metric] = metric == "loss" ? metrics.at(metric).sum : metrics.at(metric).mean();
  }
  return out;
}

}  // namespace tightrope
