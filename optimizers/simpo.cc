// SPDX-License-Identifier: Apache-2.0
// Simple preference optimization (arXiv 2405.14734, eq. 6): no reference, rewards by the mean
// log-prob s of a trajectory's tokens,
//
//   L = (1 / pairs) sum_i -LS(beta (h(sw_i) - h(sl_i)) - simpo_gamma) + cpo_alpha NLL(chosen)
//
// with h(s) = s, or of AlphaPO (arXiv 2501.03884) h(s) = (1 - exp(-alpha s)) / alpha. NLL is per
// chosen token of the step. Draws nothing.
#include <algorithm>
#include <cmath>

#include "optimizers/preference.h"

namespace tightrope {
namespace {

class Simpo final : public Optimizer {
 public:
  struct Params {
    double beta = 2;
    double simpo_gamma = 0.5;
    double alpha = 0;
    double exponent_clamp = 80;
    double cpo_alpha = 0;
    double label_smoothing = 0;
  };

  static Schema<Params> schema();
  explicit Simpo(const Params& params) : p_(params) {}

  TrajectoryKind trajectories() const override { return TrajectoryKind::kPair; }
  bool needs_reference() const override { return false; }
  std::vector<std::string> metrics() const override { return preference_metrics(false); }

  void loss(const Group& group, const BatchTotals& totals, GroupGradient gradient,
            MetricSums& metrics) const override {
    const double weight = totals.cases > 0 ? 1.0 / totals.cases : 0.0;
    PreferenceTally tally;
    for (int pair = 0; pair < group.cases(); ++pair) {
      const TrajectoryView chosen = trajectory_of(group, gradient, 2 * pair);
      const TrajectoryView rejected = trajectory_of(group, gradient, 2 * pair + 1);
      const SequenceSum w = sum_scored(chosen), l = sum_scored(rejected);
      const Score up = score_of(w), down = score_of(l);
      const PairLoss loss =
          pairwise_link({.link = Link::kSigmoid, .beta = 1, .label_smoothing = p_.label_smoothing},
                        {.chosen = p_.beta * (up.value - down.value) - p_.simpo_gamma});
      tally.add_loss(weight * loss.value);
      add_slope(chosen, weight * loss.chosen_slope * p_.beta * up.slope);
      add_slope(rejected, -weight * loss.chosen_slope * p_.beta * down.slope);
      add_likelihood_term(p_.cpo_alpha, totals, chosen, w, tally);
      tally.add(w, p_.beta * up.value, l, p_.beta * down.value);
    }
    tally.add_to(metrics, false);
  }

 private:
  // h of the mean log-prob, and its slope by every token's log-prob.
  Score score_of(const SequenceSum& sum) const {
    const double length = std::max(1, sum.length);
    const double mean = sum.log_prob / length;
    if (p_.alpha == 0) return {mean, 1 / length};
    const double exponent = std::min(-p_.alpha * mean, p_.exponent_clamp);
    const bool clamped = -p_.alpha * mean > p_.exponent_clamp;
    return {-std::expm1(exponent) / p_.alpha, clamped ? 0.0 : std::exp(exponent) / length};
  }

  Params p_;
};

Schema<Simpo::Params> Simpo::schema() {
  Schema<Params> s;
  const auto number = [&s](const char* name, double Params::*member, const char* unit, Range range,
                           const char* help) {
    s.field(name, member, {.unit = unit, .range = range, .help = help, .per_lane = true});
  };
  number("beta", &Params::beta, "1", greater_than(0), "rewards are beta times mean log-probs");
  number("simpo_gamma", &Params::simpo_gamma, "1", at_least(0),
         "lead of reward that the chosen side shall have");
  number("alpha", &Params::alpha, "1", any_number(),
         "AlphaPO's change of the reward's shape; 0: SimPO itself");
  number("exponent_clamp", &Params::exponent_clamp, "nat", greater_than(0),
         "largest exponent with alpha, no gradient beyond it; .inf switches it off");
  add_likelihood_field(s, "cpo_alpha", &Params::cpo_alpha);
  number("label_smoothing", &Params::label_smoothing, "1", from_until(0, 1),
         "assumed share of swapped labels");
  return s;
}

TR_REGISTER(Optimizer, Simpo, "simpo",
            "simple preference optimization: mean log-probs, a margin, no reference",
            "arXiv 2405.14734, eq. 6; form as TRL f2cd57710, cpo_trainer.py");

}  // namespace
}  // namespace tightrope
