// SPDX-License-Identifier: Apache-2.0
#include "experiments/expert_check.h"

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "experiments/stage_policy.h"
#include "experiments/streams.h"
#include "experiments/training_set.h"

namespace tightrope {
namespace {

constexpr std::int64_t kCases = 64;  // experts that borrow from other patients need some

bool learns_from_expert(const Stage& stage) {
  return stage.expert && (stage.imitated != Imitated::kFactual ||
                          stage.optimizer->trajectories() == TrajectoryKind::kPair);
}

// Throws InputError where a lane would.
void try_expert(const Experiment& experiment, std::size_t s, std::int64_t seed) {
  Stage stage = experiment.stages[s];
  WorldContext context(experiment, seed);
  const std::shared_ptr<const Policy> policy = make_policy(experiment, context.world());
  std::vector<float> parameters(policy->parameter_count(), 0.0F);
  policy->initialise(lane_stream(experiment, Purpose::kInitial, seed), parameters);
  const std::unique_ptr<Workspace> workspace = policy->workspace();
  const std::int64_t start = experiment.stage_start(s);
  const bool fixed = stage.data_kind == DataKind::kFixed;
  const int count = static_cast<int>(std::min(fixed ? stage.cases : stage.batch, kCases));
  stage.cases = count;
  const CaseLaws laws = stage.environment == "now"
                            ? context.laws_at(start, count)
                            : CaseLaws{{context.environment(stage.environment)}, {}};
  TrainingSet set(stage, context.world(), laws, training_streams(experiment, stage, seed), 0, count,
                  policy_view(stage.expert.get(), *policy, parameters, *workspace),
                  expert_clock(experiment, start, seed));
  set.set_reference(*policy, parameters, *workspace);
}

}  // namespace

void check_experts(const Plan& plan, Problems& problems) {
  std::set<std::string> asked;
  std::set<std::pair<int, std::size_t>> seen;  // seeds share their settings
  for (const Pack& pack : plan.packs()) {
    for (const int index : pack.segments) {
      const Segment& segment = plan.segments()[index];
      if (!seen.emplace(segment.point, pack.stage).second) continue;
      const std::shared_ptr<const Experiment> experiment = plan.experiment(segment.point);
      const Stage& stage = experiment->stages[pack.stage];
      if (!learns_from_expert(stage)) continue;
      const Node tree = plan.tree(segment.point);
      const std::string stage_path = "stages." + std::to_string(pack.stage);
      const std::string path = stage_path + ".expert";
      const Node* node = at_path(tree, path);
      const std::string key = plan.world_text(segment.point) + std::to_string(pack.stage) +
                              to_json(*at_path(experiment->resolved, path)) +
                              to_json(*at_path(experiment->resolved, stage_path + ".data")) +
                              std::to_string(stage.optimizer->negatives()) +
                              (stage.thinking ? "+thinking" : "");
      if (!asked.insert(key).second) continue;
      try {
        try_expert(*experiment, pack.stage, segment.seed);
      } catch (const InputError& error) {
        problems.add(node != nullptr ? node->mark() : tree.mark(), path, error.what());
      }
    }
  }
}

}  // namespace tightrope
