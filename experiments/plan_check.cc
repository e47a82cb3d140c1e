// SPDX-License-Identifier: Apache-2.0
#include "experiments/plan_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/api/rollout.h"
#include "core/base/error.h"
#include "core/base/strings.h"
#include "core/config/override.h"
#include "experiments/evaluation.h"
#include "experiments/stage_policy.h"
#include "experiments/streams.h"

namespace tightrope {
namespace {

// Position of the part of the file that a message about a drift process or the policy concerns.
Mark mark_in(const Node& tree, const std::string& key, const std::string& text) {
  const Node* node = at_path(tree, key);
  if (node == nullptr) node = tree.find(key.substr(0, key.find('.')));
  if (node == nullptr) return tree.mark();
  if (key == "drift" && text.rfind("drift.", 0) == 0) {
    const Node* item = at_path(tree, text.substr(0, text.find(':')));
    if (item != nullptr) return item->mark();
  }
  return node->mark();
}

// Names of mixed environments' mechanisms that the world does not have.
void check_mechanisms(const Experiment& experiment, const World& world, const Node& tree,
                      Problems& problems) {
  std::vector<std::string> known;
  for (const NamedEnvironment& named : experiment.environments) {
    if (!named.only) continue;
    if (known.empty()) {
      for (const MechanismDistance& d : world.distances(world.base(), world.base())) {
        known.push_back(d.mechanism);
      }
    }
    for (const std::string& mechanism : *named.only) {
      if (std::find(known.begin(), known.end(), mechanism) != known.end()) continue;
      const std::string path = "environments." + named.written;
      const Node* node = at_path(tree, path);
      const auto near = nearest(mechanism, known);
      problems.add(node != nullptr ? node->mark() : tree.mark(), path,
                   fmt::format("this world has no mechanism \"{}\"{} known: {}", mechanism,
                               near ? fmt::format("; did you mean \"{}\"?", *near) : ";",
                               join(known, ", ")));
    }
  }
}

}  // namespace

void check_worlds(const Plan& plan, const std::string& device, Problems& problems) {
  std::set<std::string> asked;
  for (const Segment& segment : plan.segments()) {
    if (segment.parent >= 0) continue;
    const Node tree = plan.tree(segment.point);
    const Node* record = tree.find("record");
    const std::string probes_of = record != nullptr ? to_json(*record) : "";
    if (!asked.insert(plan.world_text(segment.point) + probes_of).second) continue;
    const std::shared_ptr<const Experiment> experiment = plan.experiment(segment.point);
    std::string key = "world";
    try {
      WorldContext context(*experiment, segment.seed);
      key = "environments";
      check_mechanisms(*experiment, context.world(), tree, problems);
      key = "drift";
      context.params_at(experiment->horizon()).validate();
      key = "policy";
      make_policy(*experiment, context.world(), device);
      for (const NamedEnvironment& named : experiment->environments) {
        if (!context.mixes_at(context.time_of(named))) continue;
        const std::string path = "environments." + named.written;
        const Node* node = at_path(tree, path);
        problems.add(node != nullptr ? node->mark() : tree.mark(), path,
                     "a gradual drift mixes two laws case by case at this time, an environment is "
                     "one: use `mode: interpolate`, or for training `data: {mixed_with: ...}`");
      }
      key = "record.probe";
      Cases probes;
      for (std::size_t e = 0; e < experiment->environments.size(); ++e) {
        context.draw_probes(e, probes);
      }
    } catch (const InputError& error) {
      const std::string text = error.what();
      const bool named = text.rfind("drift.", 0) == 0;
      problems.add(mark_in(tree, key, text), named ? text.substr(0, text.find(':')) : key,
                   named ? text.substr(text.find(':') + 2) : text);
    }
  }
}

void check_stages(const Plan& plan, Problems& problems) {
  std::set<std::string> asked;
  for (const Pack& pack : plan.packs()) {
    const Segment& segment = plan.segments()[pack.segments.front()];
    const std::shared_ptr<const Experiment> experiment = plan.experiment(segment.point);
    const Stage& stage = experiment->stages[pack.stage];
    const RolloutRule* rule = stage.optimizer->rollout();
    std::string key = std::to_string(pack.stage) + stage.train +
                      to_json(*experiment->resolved.find("policy")) +
                      (stage.optimizer->wanted().value ? "+value" : "");
    if (rule != nullptr && rule->plan().enumerate > 0) {
      key += fmt::format("+enumerate {} {}", rule->plan().enumerate, stage.thinking) +
             to_json(*experiment->resolved.find("world"));
    }
    if (!asked.insert(key).second) continue;
    const std::shared_ptr<const World> world =
        experiment->world->make(lane_stream(*experiment, Purpose::kWorld, segment.seed));
    const std::string path = "stages." + std::to_string(pack.stage);
    const Node tree = plan.tree(segment.point);
    const std::shared_ptr<const Policy> policy = make_policy(*experiment, *world);
    for (const StageProblem& problem : stage_problems(stage, *policy, *world)) {
      std::string place = path + "." + problem.path;
      const Node* node = at_path(tree, place);
      while (node == nullptr) {  // a default: the nearest part that is written
        place.resize(place.rfind('.'));
        node = at_path(tree, place);
      }
      problems.add(node->mark(), path + "." + problem.path, problem.text);
    }
  }
}

void check_groups(const Experiment& experiment, const World& world, const Node& tree,
                  Problems& problems) {
  std::vector<std::string> taken = subset_names(world, {});
  const std::vector<std::string>& diseases = world.vocabulary().names().diseases;
  for (const DiseaseGroup& group : experiment.evaluate.groups) {
    const std::string path = "evaluate.groups." + group.name;
    const Node* node = at_path(tree, path);
    const Mark mark = node != nullptr ? node->mark() : tree.mark();
    if (std::find(taken.begin(), taken.end(), group.name) != taken.end()) {
      problems.add(mark, path, "a subset of this name is there already");
    }
    taken.push_back(group.name);
    for (const std::string& disease : group.diseases) {
      if (std::find(diseases.begin(), diseases.end(), disease) != diseases.end()) continue;
      const auto near = nearest(disease, diseases);
      problems.add(mark, path,
                   fmt::format("no disease is named \"{}\"{} known: {}", disease,
                               near ? fmt::format("; did you mean \"{}\"?", *near) : ";",
                               join(diseases, ", ")));
    }
  }
}

}  // namespace tightrope
