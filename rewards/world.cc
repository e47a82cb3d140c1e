// SPDX-License-Identifier: Apache-2.0
#include "core/api/reward.h"
#include "core/config/schema.h"

namespace tightrope {
namespace {

// What the world itself pays, Environment::reward: the reward table of a bandit, which drift may
// move; the exact match of the diagnosis where a world has no table.
class WorldReward final : public RewardModel {
 public:
  struct Params {};
  static Schema<Params> schema() { return {}; }
  explicit WorldReward(const Params&) {}

  double score(const RewardContext& context, int n, const Trajectory& trajectory,
               std::span<const double>) const override {
    return context.environment.reward(context.cases, n, trajectory.tokens);
  }
};

TR_REGISTER(RewardModel, WorldReward, "world", "what the world pays: a bandit's reward table",
            "ours");

}  // namespace
}  // namespace tightrope
