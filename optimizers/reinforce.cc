// SPDX-License-Identifier: Apache-2.0
// REINFORCE (Williams 1992) on whole trajectories, one update per rollout of N trajectories:
//
//   L = -(1 / N) sum_i sum_t A_it log pi(y_it | v_i, y_i<t)
//
// A_it = sum_{k >= t} gamma^(k - t) r_ik of rewards r_ik = -kl_coefficient kl_ik, with the score
// less its baseline (group_advantage.h, or a moving average) at the last token. Whitened over the
// rollout this is REINFORCE++ (arXiv 2501.03262). Draws nothing itself.
#include "optimizers/sampled_fields.h"
#include "optimizers/sampled_rule.h"

namespace tightrope {
namespace {

class Reinforce final : public SampledRule {
 public:
  struct Params {
    std::string baseline = "batch";
    double ema_decay = 0.9;
    std::int64_t num_generations = 1;
    double gamma = 1;
    double kl_coefficient = 0;
    std::string kl_estimator = "k1";
    double entropy_coefficient = 0;
    std::string whiten = "none";
  };

  static Schema<Params> schema();

  explicit Reinforce(const Params& p) {
    loss_.term = PolicyTerm::kScore;
    loss_.normaliser = Normaliser::kSequenceSum;
    loss_.entropy_coefficient = p.entropy_coefficient;
    const bool moving = p.baseline == "ema";
    rollout_.advantage.baseline = moving ? Baseline::kNone : baseline_of(p.baseline);
    rollout_.ema = moving ? p.ema_decay : 0;
    rollout_.kl_place = KlPlace::kToken;
    rollout_.kl_coefficient = p.kl_coefficient;
    rollout_.kl_form = kl_form_of(p.kl_estimator);
    rollout_.gamma = p.gamma;
    rollout_.whitening.form = whiten_of(p.whiten);
    plan_ = {.samples = static_cast<int>(p.num_generations),
             .greedy = rollout_.advantage.baseline == Baseline::kGreedy};
  }
};

Schema<Reinforce::Params> Reinforce::schema() {
  Schema<Params> s;
  std::vector<std::string> baselines = baseline_names();
  baselines.push_back("ema");
  s.field("baseline", &Params::baseline,
          {.help = "taken off the score: none; batch: mean of the rollout; group: mean of the "
                   "case's trajectories; leave_one_out: mean of the others; greedy: score of the "
                   "case's greedy trajectory (ReMax); ema: moving average of past rollouts",
           .choices = baselines});
  s.field("ema_decay", &Params::ema_decay,
          {.unit = "1",
           .range = between_open(0, 1),
           .help = "weight of the past in baseline: ema",
           .per_lane = true});
  add_generations_field(s, &Params::num_generations, 1);
  s.field("gamma", &Params::gamma,
          {.unit = "1", .range = between(0, 1), .help = "discount per token", .per_lane = true});
  s.field("kl_coefficient", &Params::kl_coefficient,
          {.unit = "1/nat",
           .range = at_least(0),
           .help = "weight of the KL to the reference in every token's reward",
           .per_lane = true});
  add_kl_form_field(s, &Params::kl_estimator);
  add_entropy_field(s, &Params::entropy_coefficient);
  s.field("whiten", &Params::whiten,
          {.help = "of advantages over the rollout's tokens: center (REINFORCE++), scale_only, "
                   "none",
           .choices = whiten_names()});
  s.check([](const Params& p) -> std::string {
    const bool needs_two = p.baseline == "group" || p.baseline == "leave_one_out";
    if (!needs_two || p.num_generations > 1) return "";
    return "baseline = " + p.baseline + " violates: num_generations must be at least 2";
  });
  return s;
}

TR_REGISTER(Optimizer, Reinforce, "reinforce",
            "REINFORCE with a choice of baselines; whitened it is REINFORCE++",
            "Williams 1992; arXiv 2501.03262 (REINFORCE++); arXiv 2310.10505 (ReMax)");

}  // namespace
}  // namespace tightrope
