// SPDX-License-Identifier: Apache-2.0
#include "core/api/reward.h"
#include "core/config/schema.h"
#include "rewards/written.h"

namespace tightrope {
namespace {

// 1 when the trajectory ends in the case's diagnosis, else 0.
class ExactMatch final : public RewardModel {
 public:
  struct Params {};
  static Schema<Params> schema() { return {}; }
  explicit ExactMatch(const Params&) {}

  double score(const RewardContext& context, int n, const Trajectory& trajectory,
               std::span<const double>) const override {
    const int written = written_disease(context.world.vocabulary(), trajectory);
    return written == context.cases.disease[n] ? 1 : 0;
  }
};

TR_REGISTER(RewardModel, ExactMatch, "exact_match", "1 for the case's diagnosis, else 0", "ours");

}  // namespace
}  // namespace tightrope
