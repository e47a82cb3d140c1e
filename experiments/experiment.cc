// SPDX-License-Identifier: Apache-2.0
#include "experiments/experiment.h"

#include <fmt/format.h>

#include "experiments/environment_reader.h"
#include "experiments/experiment_schema.h"
#include "experiments/node_memo.h"
#include "experiments/read_parts.h"
#include "experiments/stage_reader.h"

namespace tightrope {
namespace {

std::vector<std::shared_ptr<const DriftProcess>> read_drift(const Node& node, Problems& problems,
                                                            Node& resolved) {
  std::vector<std::shared_ptr<const DriftProcess>> out;
  std::vector<Node> items;
  if (node.is_sequence()) {
    items = node.items();
  } else if (!node.is_null()) {
    items = {node};
  }
  using Known = std::pair<std::vector<std::shared_ptr<const DriftProcess>>, Node>;
  thread_local NodeMemo<Known> memo;
  const Known* known = memo.find(node);
  if (known == nullptr) {
    std::vector<Node> done;
    const std::size_t before = problems.size();
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string path = "drift." + std::to_string(i);
      Problems here;
      done.push_back(Registry<DriftProcess>::get().resolve(items[i], path, here));
      out.push_back(Registry<DriftProcess>::get().build(items[i], path, problems));
    }
    if (problems.size() > before) return out;
    known = &memo.keep(node, {out, Node::sequence(std::move(done))});
  }
  resolved = known->second;
  return known->first;
}

std::vector<DiseaseGroup> read_groups(const Node& node, Problems& problems) {
  std::vector<DiseaseGroup> out;
  if (node.is_null()) return out;
  if (!node.is_map()) {
    problems.add(node.mark(), "evaluate.groups",
                 "expected a mapping, for example {five: [edema, pneumonia]}");
    return out;
  }
  for (const NodeEntry& entry : node.entries()) {
    DiseaseGroup group{entry.key, {}};
    if (entry.value.is_sequence()) {
      for (const Node& item : entry.value.items()) group.diseases.push_back(item.text());
    }
    if (group.diseases.empty()) {
      problems.add(entry.value.mark(), "evaluate.groups." + entry.key,
                   "expected a list of at least one disease");
    }
    out.push_back(std::move(group));
  }
  return out;
}

std::vector<std::string> read_metrics(const EvaluateParams& evaluate, const Mark& mark,
                                      Problems& problems) {
  for (const std::string& name : evaluate.metrics) {
    require_name(name, Registry<Metric>::get().names(), "metric", mark, "evaluate.metrics",
                 problems);
  }
  return evaluate.metrics;
}

std::int64_t read_top(const RecordParams& record, const Mark& mark, Problems& problems) {
  if (record.tokens == "none") return 0;
  if (record.tokens.rfind("top", 0) == 0) {
    const auto number = Node::scalar(record.tokens.substr(3)).as_integer();
    if (number && *number >= 1 && *number <= 4096) return *number;
  }
  problems.add(mark, "record.tokens",
               "expected none or topK with K in 1..4096, got \"" + record.tokens + "\"");
  return 0;
}

// At most one process answers the policy, and the world has no name from its first decision on.
void check_reactive(const Experiment& out, const Node& drift, const Node& environments,
                    const Node& written, Problems& problems) {
  const auto type = [&](std::size_t i) { return drift.items()[i].find("type")->text(); };
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < out.drift.size(); ++i) {
    if (!out.drift[i] || out.drift[i]->reactive() == nullptr) continue;
    if (first) {
      const Mark& mark = written.is_sequence() ? written.items()[i].mark() : written.mark();
      problems.add(mark, fmt::format("drift.{}", i),
                   fmt::format("{} answers the policy, and so does drift.{} ({}): at most one "
                               "process of the list may",
                               type(i), *first, type(*first)));
      return;
    }
    first = i;
  }
  if (!first) return;
  const DriftClock clock{out.horizon()};
  const DecisionTimes times = out.drift[*first]->reactive()->decisions(clock);
  for (const NamedEnvironment& named : out.environments) {
    const std::int64_t at = named.at_end ? clock.horizon : named.at;
    if (times.until(at) == 0) continue;
    problems.add(
        environments.find(named.written)->mark(), "environments." + named.written,
        fmt::format("at = {}: from step {} on every run has a world of its own, moved by "
                    "drift.{} ({}), which no name can stand for: allowed is at < {}; "
                    "`data: {{prequential: true}}` evaluates a stream while it moves",
                    named.at_end ? fmt::format("end (step {})", at) : fmt::format("{}", at),
                    times.first, *first, type(*first), times.first));
  }
}

}  // namespace

std::int64_t Experiment::horizon() const {
  std::int64_t total = 0;
  for (const Stage& stage : stages) total += stage.steps;
  return total;
}

std::int64_t Experiment::stage_start(std::size_t i) const {
  std::int64_t total = 0;
  for (std::size_t j = 0; j < i; ++j) total += stages[j].steps;
  return total;
}

std::size_t Experiment::headline_environment() const {
  std::size_t last = environments.size() - 1;
  while (last > 0 && environments[last].name != environments[last].written) --last;
  return last;
}

Experiment read_experiment(const Node& tree, Problems& problems) {
  static const Schema<ExperimentParams> schema = ExperimentParams::schema();
  const ExperimentParams p = schema.read(tree, "", problems);
  Experiment out;
  out.name = p.experiment;
  out.seed = p.seed;
  out.seed_varies = p.seed_varies;
  std::vector<NodeEntry> entries = {
      {"experiment", {}, Node::scalar(p.experiment)},
      {"seed", {}, Node::scalar(std::to_string(p.seed))},
      {"seed_varies", {}, FieldType<std::vector<std::string>>::to_node(p.seed_varies)}};
  Node part;
  if (!p.world.is_null()) {
    out.world = read_component<WorldModel>(p.world, "world", problems, part);
    entries.push_back({"world", {}, part});
  }
  Node drift;
  out.drift = read_drift(p.drift, problems, drift);
  entries.push_back({"drift", {}, drift});
  part = p.environments;
  if (!part.is_null()) out.environments = read_environments(part, out.drift, problems, part);
  entries.push_back({"environments", {}, part});
  if (!p.policy.is_null()) {
    out.policy = read_component<PolicyModel>(p.policy, "policy", problems, part);
    entries.push_back({"policy", {}, part});
  }
  StageReader stages(out.environments, problems);
  std::vector<Node> resolved_stages;
  if (!p.stages.is_sequence() || p.stages.items().empty()) {
    if (!p.stages.is_null()) {
      problems.add(p.stages.mark(), "stages", "expected a list of at least one stage");
    }
  } else {
    for (std::size_t i = 0; i < p.stages.items().size(); ++i) {
      resolved_stages.emplace_back();
      out.stages.push_back(stages.read(p.stages.items()[i], i, resolved_stages.back()));
    }
  }
  entries.push_back({"stages", {}, Node::sequence(std::move(resolved_stages))});
  const EvaluateParams evaluate =
      read_section<EvaluateParams>(p.evaluate, "evaluate", problems, part);
  out.evaluate = {evaluate.every, evaluate.cases,
                  SamplingOptions{.greedy = evaluate.thinking == "greedy",
                                  .temperature = evaluate.temperature,
                                  .top_k = static_cast<int>(evaluate.top_k),
                                  .top_p = evaluate.top_p},
                  read_groups(evaluate.groups, problems),
                  read_metrics(evaluate, mark_of(p.evaluate, "metrics"), problems)};
  entries.push_back({"evaluate", {}, part});
  const RecordParams record = read_section<RecordParams>(p.record, "record", problems, part);
  Node probe;
  out.record = {record.every,
                record.block,
                record.probes,
                read_component<Probe>(record.probe, "record.probe", problems, probe),
                read_top(record, mark_of(p.record, "tokens"), problems),
                record.tokens_full,
                record.checkpoint_every};
  if (!probe.is_null()) part = with_entry(part, "probe", probe);
  entries.push_back({"record", {}, part});
  check_times(out.environments, out.horizon(), p.environments.mark(), problems);
  if (problems.empty()) {
    check_reactive(out, drift, p.environments, p.drift, problems);
  }
  out.resolved = Node::map(std::move(entries));
  return out;
}

}  // namespace tightrope
