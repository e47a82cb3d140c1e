// SPDX-License-Identifier: Apache-2.0
// REINFORCE leave-one-out (arXiv 2402.14740) in TRL's form: with n trajectories per case, r'_i the
// score less beta times the summed log-ratio to the reference, rho_i the ratio of whole
// trajectories,
//
//   A_i = r'_i - mean of the others        L = -(1 / N) sum_i min(rho_i A_i, clip(rho_i) A_i)
//
// Draws nothing itself.
#include "optimizers/sampled_fields.h"
#include "optimizers/sampled_rule.h"

namespace tightrope {
namespace {

class Rloo final : public SampledRule {
 public:
  struct Params : ClipParams {
    double beta = 0.05;
    std::int64_t num_generations = 2;
    std::int64_t num_iterations = 1;
    std::int64_t minibatches = 1;
    bool normalize_advantages = false;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    add_clip_fields(s);
    s.field("beta", &Params::beta,
            {.unit = "1/nat",
             .range = at_least(0),
             .help = "weight of the KL to the reference (k1, whole trajectory) in the score",
             .per_lane = true});
    add_generations_field(s, &Params::num_generations, 2);
    s.field("num_iterations", &Params::num_iterations,
            {.unit = "1", .range = between(1, 1000), .help = "passes over a rollout"});
    add_minibatch_field(s, &Params::minibatches);
    s.field("normalize_advantages", &Params::normalize_advantages,
            {.help = "whiten advantages over the rollout's tokens"});
    return s;
  }

  explicit Rloo(const Params& p) {
    loss_.level = RatioLevel::kSequenceSum;
    loss_.ratio = p.clip();
    loss_.normaliser = Normaliser::kSequenceMean;
    rollout_.advantage.baseline = Baseline::kLeaveOneOut;
    rollout_.kl_place = KlPlace::kSequence;
    rollout_.kl_coefficient = p.beta;
    rollout_.whitening.form = p.normalize_advantages ? Whiten::kCenter : Whiten::kNone;
    plan_ = {.epochs = static_cast<int>(p.num_iterations),
             .minibatches = static_cast<int>(p.minibatches),
             .samples = static_cast<int>(p.num_generations)};
  }
};

TR_REGISTER(Optimizer, Rloo, "rloo",
            "REINFORCE with the mean of the case's other trajectories as baseline",
            "arXiv 2402.14740; form and defaults as TRL f2cd57710, rloo_trainer.py");

}  // namespace
}  // namespace tightrope
