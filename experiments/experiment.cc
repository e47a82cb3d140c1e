// SPDX-License-Identifier: Apache-2.0
#include "experiments/experiment.h"

#include <algorithm>

#include "core/api/rollout.h"
#include "core/base/strings.h"
#include "experiments/experiment_schema.h"
#include "experiments/node_memo.h"

namespace tightrope {
namespace {

void set_entry(std::vector<NodeEntry>& entries, const std::string& key, Node value) {
  for (NodeEntry& entry : entries) {
    if (entry.key == key) {
      entry.value = std::move(value);
      return;
    }
  }
  entries.push_back({key, {}, std::move(value)});
}

// Reads `{name: {at: 0 | end}}` in the order of the file.
std::vector<NamedEnvironment> read_environments(const Node& node, Problems& problems) {
  std::vector<NamedEnvironment> out;
  if (!node.is_map() || node.entries().empty()) {
    problems.add(node.mark(), "environments",
                 "expected a mapping of names, for example {source: {at: 0}, target: {at: end}}");
    return out;
  }
  for (const NodeEntry& entry : node.entries()) {
    NamedEnvironment named;
    named.name = entry.key;
    const std::string path = "environments." + entry.key;
    const Node* at = entry.value.find("at");
    const bool alone = entry.value.is_map() && entry.value.entries().size() == 1;
    const std::int64_t number = at != nullptr ? at->as_integer().value_or(-1) : -1;
    const bool at_end = at != nullptr && at->is_scalar() && at->text() == "end";
    if (entry.key == "now" || at == nullptr || !alone || (number < 0 && !at_end)) {
      problems.add(entry.value.mark(), path,
                   "expected {at: STEP} or {at: end} with STEP >= 0 and a name other than `now`");
      continue;
    }
    named.at_end = at_end;
    named.at = at_end ? 0 : number;
    out.push_back(named);
  }
  return out;
}

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

template <class Interface>
std::shared_ptr<const Interface> read_component(const Node& node, const std::string& path,
                                                Problems& problems, Node& resolved) {
  using Known = std::pair<std::shared_ptr<const Interface>, Node>;
  thread_local NodeMemo<Known> memo;
  const Known* known = memo.find(node);
  if (known == nullptr) {
    auto built = Registry<Interface>::get().build(node, path, problems);
    if (!built) return nullptr;
    Problems seen_already;
    known = &memo.keep(node, {built, Registry<Interface>::get().resolve(node, path, seen_already)});
  }
  resolved = known->second;
  return known->first;
}

// A section with a schema of its own.
template <class Params>
Params read_section(const Node& node, const std::string& path, Problems& problems,
                    Node& resolved_section) {
  static const Schema<Params> schema = Params::schema();
  thread_local NodeMemo<std::pair<Params, Node>> memo;
  const std::pair<Params, Node>* known = memo.find(node);
  if (known == nullptr) {
    const std::size_t before = problems.size();
    const Params params = schema.read(node, path, problems);
    if (problems.size() > before) return params;
    known = &memo.keep(node, {params, resolved(schema, params)});
  }
  resolved_section = known->second;
  return known->first;
}

// Refers to a name among `known`; adds a problem with the nearest one otherwise.
void require_name(const std::string& name, const std::vector<std::string>& known, const char* what,
                  const Mark& mark, const std::string& path, Problems& problems) {
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  const auto near = nearest(name, known);
  problems.add(mark, path,
               "no " + std::string(what) + " is named \"" + name + "\"" +
                   (near ? "; did you mean \"" + *near + "\"?" : ";") +
                   " known: " + (known.empty() ? "none" : join(known, ", ")));
}

const Mark& mark_of(const Node& node, const char* key) {
  const Node* found = node.find(key);
  return found != nullptr ? found->mark() : node.mark();
}

class StageReader {
 public:
  StageReader(const std::vector<NamedEnvironment>& environments, Problems& problems)
      : problems_(problems) {
    for (const NamedEnvironment& named : environments) environments_.push_back(named.name);
  }

  Stage read(const Node& node, std::size_t index, Node& resolved_stage) {
    const std::string path = "stages." + std::to_string(index);
    static const Schema<StageParams> schema = StageParams::schema();
    const std::size_t before = problems_.size();
    const StageParams p = schema.read(node, path, problems_);
    Stage stage;
    stage.name = p.name;
    stage.thinking = p.thinking;
    stage.train = p.train;
    stage.reference = p.reference;
    stage.steps = p.steps;
    stage.batch = p.batch;
    stage.direct = p.direct;
    stage.truncated = p.truncated;
    std::vector<NodeEntry> entries = resolved(schema, p).entries();
    Node part;
    if (!p.optimizer.is_null()) {
      stage.optimizer =
          read_component<Optimizer>(p.optimizer, path + ".optimizer", problems_, part);
      set_entry(entries, "optimizer", part);
    }
    if (!p.stepper.is_null()) {
      stage.stepper = read_component<Stepper>(p.stepper, path + ".stepper", problems_, part);
      set_entry(entries, "stepper", part);
    }
    if (!p.expert.is_null()) {
      stage.expert = read_component<Expert>(p.expert, path + ".expert", problems_, part);
      set_entry(entries, "expert", part);
    }
    if (!p.reward.is_null()) {
      stage.reward = read_component<RewardModel>(p.reward, path + ".reward", problems_, part);
      set_entry(entries, "reward", part);
    }
    if (!p.reference_schedule.is_null()) {
      stage.schedule = read_component<ReferenceSchedule>(
          p.reference_schedule, path + ".reference_schedule", problems_, part);
      set_entry(entries, "reference_schedule", part);
    }
    if (!p.data.is_null()) set_entry(entries, "data", read_data(p, path, stage));
    check(node, path, stage);
    names_.push_back(stage.name);
    if (problems_.size() == before) resolved_stage = Node::map(std::move(entries));
    return stage;
  }

 private:
  Node read_data(const StageParams& p, const std::string& path, Stage& stage) {
    Node resolved_data;
    const DataParams data =
        read_section<DataParams>(p.data, path + ".data", problems_, resolved_data);
    stage.data_kind = data.kind == "stream" ? DataKind::kStream : DataKind::kFixed;
    stage.cases = data.cases;
    stage.prequential = data.prequential;
    stage.environment = data.environment;
    stage.mixed_with = data.mixed_with;
    stage.mixed_share = data.mixed_share;
    std::vector<std::string> known = environments_;
    if (stage.data_kind == DataKind::kStream) known.push_back("now");
    if (!data.environment.empty()) {
      require_name(data.environment, known, "environment", mark_of(p.data, "environment"),
                   path + ".data.environment", problems_);
    }
    if (!data.mixed_with.empty()) {
      require_name(data.mixed_with, environments_, "environment", mark_of(p.data, "mixed_with"),
                   path + ".data.mixed_with", problems_);
    }
    if (stage.data_kind == DataKind::kFixed && stage.cases < stage.batch) {
      problems_.add(mark_of(p.data, "cases"), path + ".data.cases",
                    "cases = " + std::to_string(stage.cases) +
                        " violates cases >= batch = " + std::to_string(stage.batch));
    }
    return resolved_data;
  }

  void check(const Node& node, const std::string& path, const Stage& stage) {
    if (std::find(names_.begin(), names_.end(), stage.name) != names_.end()) {
      problems_.add(mark_of(node, "name"), path + ".name",
                    "two stages are named \"" + stage.name + "\"");
    }
    if (!stage.reference.empty()) {
      require_name(stage.reference, names_, "earlier stage", mark_of(node, "reference"),
                   path + ".reference", problems_);
    }
    if (stage.optimizer && stage.optimizer->trajectories() == TrajectoryKind::kPair &&
        (node.find("expert") == nullptr || node.find("expert")->is_null())) {
      problems_.add(node.mark(), path,
                    "this optimizer compares pairs: an `expert:` must propose the rejected "
                    "trajectories; see `tightrope list expert`");
    }
    if (stage.optimizer && stage.optimizer->needs_mismatched() && stage.batch < 2) {
      problems_.add(mark_of(node, "batch"), path + ".batch",
                    "batch = " + std::to_string(stage.batch) +
                        " violates batch >= 2: this optimizer pairs trajectories with the images "
                        "of other cases");
    }
    check_schedule(node, path, stage);
    check_rollout(node, path, stage);
  }

  void check_schedule(const Node& node, const std::string& path, const Stage& stage) {
    if (!stage.schedule || !stage.optimizer) return;
    const Mark& mark = mark_of(node, "reference_schedule");
    if (!stage.optimizer->needs_reference() && !stage.schedule->frozen()) {
      problems_.add(mark, path + ".reference_schedule",
                    "this optimizer has no reference that could follow the policy");
    }
    const std::string watched = stage.schedule->watches();
    if (!watched.empty()) {
      require_name(watched, stage.optimizer->metrics(), "metric of the optimizer", mark,
                   path + ".reference_schedule.watch", problems_);
    }
  }

  // What only a stage that learns from its own trajectories has.
  void check_rollout(const Node& node, const std::string& path, const Stage& stage) {
    const RolloutRule* rule = stage.optimizer ? stage.optimizer->rollout() : nullptr;
    const bool given = node.find("reward") != nullptr && !node.find("reward")->is_null();
    if (rule != nullptr && !given) {
      problems_.add(node.mark(), path,
                    "this optimizer learns from sampled trajectories: a `reward:` must score them; "
                    "see `tightrope list reward`");
    }
    if (stage.optimizer && rule == nullptr && given) {
      problems_.add(mark_of(node, "reward"), path + ".reward",
                    "this optimizer does not learn from rewards: leave `reward:` out");
    }
    if (stage.reward && stage.reward->pairs() > 0 && !stage.expert &&
        (node.find("expert") == nullptr || node.find("expert")->is_null())) {
      problems_.add(mark_of(node, "reward"), path + ".reward",
                    "this reward is fitted to pairs: an `expert:` must propose the rejected "
                    "trajectories; see `tightrope list expert`");
    }
    if (rule != nullptr && stage.prequential) {
      problems_.add(mark_of(node, "data"), path + ".data.prequential",
                    "rollouts are scored before they are trained on: see their reward");
    }
    if (rule != nullptr && !stage.mixed_with.empty()) {
      problems_.add(mark_of(node, "data"), path + ".data.mixed_with",
                    "rollouts take their cases from one environment: leave it out");
    }
    if (rule != nullptr && rule->plan().minibatches > stage.batch) {
      problems_.add(mark_of(node, "optimizer"), path + ".optimizer.minibatches",
                    "minibatches = " + std::to_string(rule->plan().minibatches) +
                        " violates minibatches <= batch = " + std::to_string(stage.batch));
    }
  }

  Problems& problems_;
  std::vector<std::string> environments_;
  std::vector<std::string> names_;
};

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
  out.drift = read_drift(p.drift, problems, part);
  entries.push_back({"drift", {}, part});
  if (!p.environments.is_null()) out.environments = read_environments(p.environments, problems);
  entries.push_back({"environments", {}, p.environments});
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
  out.record = {record.every,       record.block,
                record.probes,      read_top(record, mark_of(p.record, "tokens"), problems),
                record.tokens_full, record.checkpoint_every};
  entries.push_back({"record", {}, part});
  for (const NamedEnvironment& named : out.environments) {
    if (!named.at_end && !out.stages.empty() && named.at > out.horizon()) {
      problems.add(p.environments.mark(), "environments." + named.name,
                   "at = " + std::to_string(named.at) + " lies after the last step " +
                       std::to_string(out.horizon()));
    }
  }
  out.resolved = Node::map(std::move(entries));
  return out;
}

}  // namespace tightrope
