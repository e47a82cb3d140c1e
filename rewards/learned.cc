// SPDX-License-Identifier: Apache-2.0
#include "core/api/reward.h"
#include "core/base/check.h"
#include "core/config/schema.h"
#include "rewards/bradley_terry.h"

namespace tightrope {
namespace {

// A reward learned from the pairs of the stage's expert, fitted once at the stage's start:
//
//   score(y) = sum_v weight_v count_v(y)
//
// with count_v the occurrences of token v: linear and blind to the image, so it knows which words
// the chosen trajectories prefer, not whether they are true. That is its lesson: a policy can earn
// more than any factual report. Weights by fit_bradley_terry.
class Learned final : public RewardModel {
 public:
  struct Params {
    std::int64_t pairs = 512;
    double center = 0.01;
    double decay = 0.001;
    std::int64_t iterations = 500;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("pairs", &Params::pairs,
            {.unit = "case",
             .range = between(1, 1e6),
             .help = "cases drawn from the stage's environment, one pair of its expert each"});
    s.field("center", &Params::center,
            {.unit = "1",
             .range = at_least(0),
             .help = "weight of the squared sum of a pair's scores, which keeps them around 0 "
                     "(TRL: center_rewards_coefficient)",
             .per_lane = true});
    s.field("decay", &Params::decay,
            {.unit = "1",
             .range = greater_than(0),
             .help = "weight of half the squared weights",
             .per_lane = true});
    s.field("iterations", &Params::iterations,
            {.unit = "step", .range = between(1, 1e6), .help = "gradient steps of the fit"});
    return s;
  }
  explicit Learned(const Params& params) : params_(params) {}

  int pairs() const override { return static_cast<int>(params_.pairs); }

  std::vector<double> fit(const World& world, std::span<const Pair> pairs) const override {
    const std::size_t size = world.vocabulary().size();
    std::vector<double> chosen(pairs.size() * size, 0.0), rejected = chosen;
    for (std::size_t n = 0; n < pairs.size(); ++n) {
      for (const Token token : pairs[n].chosen.tokens) chosen[n * size + token] += 1;
      for (const Token token : pairs[n].rejected.tokens) rejected[n * size + token] += 1;
    }
    const LinearFit options{params_.center, params_.decay, static_cast<int>(params_.iterations)};
    return fit_bradley_terry(options, static_cast<int>(size), chosen, rejected);
  }

  double score(const RewardContext&, int, const Trajectory& trajectory,
               std::span<const double> fitted) const override {
    double sum = 0;
    for (const Token token : trajectory.tokens) sum += fitted[token];
    return sum;
  }

 private:
  Params params_;
};

TR_REGISTER(RewardModel, Learned, "learned",
            "a Bradley-Terry model on token counts, fitted to the expert's pairs",
            "Bradley and Terry 1952; loss as TRL f2cd57710, trl/trainer/reward_trainer.py");

}  // namespace
}  // namespace tightrope
