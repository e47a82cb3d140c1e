// SPDX-License-Identifier: Apache-2.0
#include "experiments/stage_policy.h"

#include <algorithm>

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

std::vector<StageProblem> stage_problems(const Stage& stage, const Policy& policy) {
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
