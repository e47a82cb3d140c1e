// SPDX-License-Identifier: Apache-2.0
#include "core/api/reward.h"
#include "core/config/schema.h"

namespace tightrope {
namespace {

// What the world itself pays, Environment::reward: its reward table, which drift may move (factor
// reward); at first the exact match of the diagnosis in a concept world.
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

TR_REGISTER(RewardModel, WorldReward, "world",
            "what the world pays: its reward table, which drift may move", "ours");

}  // namespace
}  // namespace tightrope
