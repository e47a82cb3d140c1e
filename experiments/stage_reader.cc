// SPDX-License-Identifier: Apache-2.0
#include "experiments/stage_reader.h"

#include <algorithm>
#include <set>

#include "core/api/rollout.h"
#include "core/base/hash.h"
#include "experiments/case_file.h"
#include "experiments/read_parts.h"

namespace tightrope {

Stage StageReader::read(const Node& node, std::size_t index, Node& resolved_stage) {
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
    stage.optimizer = read_component<Optimizer>(p.optimizer, path + ".optimizer", problems_, part);
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
  if (stage.expert) read_record_files(node, path, stage, entries);
  check(node, path, stage);
  names_.push_back(stage.name);
  if (problems_.size() == before) resolved_stage = Node::map(std::move(entries));
  return stage;
}

Node StageReader::read_data(const StageParams& p, const std::string& path, Stage& stage) {
  Node resolved_data;
  const DataParams data =
      read_section<DataParams>(p.data, path + ".data", problems_, resolved_data);
  stage.data_kind = data.kind == "stream" ? DataKind::kStream : DataKind::kFixed;
  stage.cases = data.cases;
  stage.prequential = data.prequential;
  stage.environment = data.environment;
  stage.mixed_with = data.mixed_with;
  stage.mixed_share = data.mixed_share;
  if (data.trajectories == "proposed") stage.imitated = Imitated::kProposed;
  if (data.trajectories == "preferred") stage.imitated = Imitated::kPreferred;
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
  stage.file = data.file;
  stage.skip_malformed = data.skip_malformed;
  if (stage.file.empty()) return resolved_data;
  return with_entry(resolved_data, "file_hash",
                    hash_of(stage.file, mark_of(p.data, "file"), path + ".data.file"));
}

Node StageReader::hash_of(const std::string& file, const Mark& mark, const std::string& path) {
  try {
    return Node::scalar(hex(content_hash(file)));
  } catch (const InputError& error) {
    problems_.add(mark, path, error.what());
    return {};
  }
}

void StageReader::read_record_files(const Node& node, const std::string& path, const Stage& stage,
                                    std::vector<NodeEntry>& entries) {
  const bool used = stage.optimizer && stage.optimizer->trajectories() == TrajectoryKind::kPair;
  const std::vector<std::string> names = stage.expert->record_files();
  std::vector<NodeEntry> files;
  const Mark& mark = mark_of(*node.find("expert"), "file");
  for (const std::string& file : std::set<std::string>(names.begin(), names.end())) {
    files.push_back({file, {}, hash_of(file, mark, path + ".expert")});
  }
  if (files.empty()) return;
  if (used && stage.file.empty()) {
    problems_.add(mark_of(node, "expert"), path + ".expert",
                  "this expert looks cases up by their id: they must come from a file, "
                  "`data: {file: ...}`");
  }
  if (stage.reward && stage.reward->pairs() > 0) {
    problems_.add(mark_of(node, "reward"), path + ".reward",
                  "this reward is fitted to pairs of fresh cases, the expert knows those of its "
                  "file only");
  }
  set_entry(entries, "record_files", Node::map(std::move(files)));
}

void StageReader::check(const Node& node, const std::string& path, const Stage& stage) {
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
  if (stage.imitated != Imitated::kFactual) check_imitation(node, path, stage);
  if (stage.optimizer && stage.optimizer->needs_mismatched() && stage.batch < 2) {
    problems_.add(mark_of(node, "batch"), path + ".batch",
                  "batch = " + std::to_string(stage.batch) +
                      " violates batch >= 2: this optimizer pairs trajectories with the images "
                      "of other cases");
  }
  check_schedule(node, path, stage);
  check_rollout(node, path, stage);
}

void StageReader::check_imitation(const Node& node, const std::string& path, const Stage& stage) {
  const Mark& mark = mark_of(node, "data");
  if (stage.optimizer && stage.optimizer->trajectories() != TrajectoryKind::kSupervised) {
    problems_.add(mark, path + ".data.trajectories",
                  "only an optimizer that imitates (sft) can learn an expert's trajectories");
  } else if (node.find("expert") == nullptr || node.find("expert")->is_null()) {
    problems_.add(mark, path + ".data.trajectories",
                  "an `expert:` must write these trajectories; see `tightrope list expert`");
  }
}

void StageReader::check_schedule(const Node& node, const std::string& path, const Stage& stage) {
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

void StageReader::check_rollout(const Node& node, const std::string& path, const Stage& stage) {
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

}  // namespace tightrope
