// SPDX-License-Identifier: Apache-2.0
#include "experiments/stage_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/api/enumeration.h"
#include "core/api/rollout.h"
#include "core/base/check.h"

namespace tightrope {
namespace {

bool trains(const std::string& train, ParameterPart part) {
  switch (part) {
    case ParameterPart::kBase:
      return train != "adapters";
    case ParameterPart::kAdapter:
      return train != "base";
    case ParameterPart::kValueHead:
      return true;
  }
  return true;
}

// The probability of all complete trajectories under the policy's first parameters, for an image of
// zeros.
double enumerated_mass(const Policy& policy, const World& world,
                       const std::vector<Trajectory>& trajectories) {
  TokenBatch batch;
  batch.clear(world.channels());
  batch.add_case(std::vector<float>(world.channels(), 0.0F));
  for (const Trajectory& trajectory : trajectories) batch.add(trajectory);
  std::vector<float> parameters(policy.parameter_count(), 0.0F);
  policy.initialise(Stream(0, Purpose::kInitial, 0), parameters);
  TokenQuantities out;
  const auto workspace = policy.workspace();
  policy.evaluate(parameters, batch, {}, out, *workspace);
  double mass = 0;
  for (int n = 0; n < batch.trajectories(); ++n) {
    double log_prob = 0;
    for (int t = batch.offset[n]; t < batch.offset[n + 1]; ++t) {
      if (batch.mask[t] != 0) log_prob += out.log_prob[t];
    }
    mass += std::exp(log_prob);
  }
  return mass;
}

// Why the stage's trajectories cannot be enumerated; empty where they can, or need not.
std::string enumeration_problem(const Stage& stage, const Policy& policy, const World& world) {
  const RolloutRule* rule = stage.optimizer->rollout();
  if (rule == nullptr || rule->plan().enumerate == 0) return "";
  const std::int64_t most = rule->plan().enumerate;
  const Grammar grammar(world.vocabulary(), world.max_mentions());
  const double count = count_trajectories(grammar, stage.thinking);
  if (count > static_cast<double>(most)) {
    return fmt::format(
        "this world has {} complete trajectories for each case, more than max_trajectories = {}: "
        "take a smaller world (fewer attributes, a smaller max_mentions), thinking: false, or an "
        "optimizer that samples",
        count, most);
  }
  const double mass =
      enumerated_mass(policy, world, enumerate_trajectories(grammar, stage.thinking, most));
  if (std::abs(mass - 1) <= 1e-3) return "";
  return fmt::format(
      "the policy gives all complete trajectories probability {:.6g}, must be 1: leave its "
      "grammar mask on",
      mass);
}

}  // namespace

std::shared_ptr<const Policy> make_policy(const Experiment& experiment, const World& world,
                                          const std::string& device) {
  TR_REQUIRE(experiment.policy->runs_on(device),
             "this policy does not run on {}; leave --device out, or take `policy: {{type: "
             "transformer}}`",
             device);
  return experiment.policy->make(
      {world.vocabulary(), world.channels(), world.max_mentions(), device});
}

std::vector<StageProblem> stage_problems(const Stage& stage, const Policy& policy,
                                         const World& world) {
  std::vector<StageProblem> out;
  const std::vector<ParameterView> layout = policy.layout();
  const bool adapted = std::any_of(layout.begin(), layout.end(), [](const ParameterView& view) {
    return view.part == ParameterPart::kAdapter;
  });
  if (adapted && stage.train == "auto") {
    out.push_back({"train",
                   "the policy has adapters (lora_rank > 0): say whether this stage trains the "
                   "base, the adapters or all"});
  }
  if (!adapted && stage.train == "adapters") {
    out.push_back({"train", "the policy has no adapters; policy.lora_rank > 0 gives it some"});
  }
  if (stage.optimizer->wanted().value && !policy.has_value()) {
    out.push_back({"optimizer.critic",
                   "critic = head needs a policy with a value head; switch it on in `policy:` "
                   "(type transformer) or use critic: none"});
  }
  if (std::string text = enumeration_problem(stage, policy, world); !text.empty()) {
    out.push_back({"optimizer.max_trajectories", std::move(text)});
  }
  return out;
}

std::vector<ParameterView> trained_layout(const Stage& stage, const Policy& policy) {
  std::vector<ParameterView> layout = policy.layout();
  for (ParameterView& view : layout) view.trained = trains(stage.train, view.part);
  return layout;
}

void clear_frozen_views(const std::vector<ParameterView>& layout, std::span<float> gradient) {
  for (const ParameterView& view : layout) {
    if (view.trained) continue;
    const auto part = gradient.subspan(view.offset, view.size);
    std::fill(part.begin(), part.end(), 0.0F);
  }
}

}  // namespace tightrope
