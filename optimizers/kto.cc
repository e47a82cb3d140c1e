// SPDX-License-Identifier: Apache-2.0
// Kahneman-Tversky optimization (arXiv 2402.01306) on the sides of pairs taken singly, the
// chosen one desirable: with d = log pi - log ref of a trajectory and s the logistic function,
//
//   L = (1 / trajectories) [ sum_desirable w_d (1 - s(beta (d - z0)))
//                            + sum_undesirable w_u (1 - s(beta (z0 - d))) ]
//   z0 = max(0, mean log-ratio of the step's trajectories under the images of other cases)
//
// z0 has no gradient. apo_zero_unpaired uses none: w_d (1 - s(beta d)) and w_u s(beta d). Draws
// nothing.
#include <algorithm>

#include "core/base/math.h"
#include "core/config/schema.h"
#include "optimizers/preference_tally.h"

namespace tightrope {
namespace {

class Kto final : public Optimizer {
 public:
  struct Params {
    std::string loss_type = "kto";
    double beta = 0.1;
    double desirable_weight = 1;
    double undesirable_weight = 1;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("loss_type", &Params::loss_type,
            {.help = "kto, or apo_zero_unpaired, which knows no z0",
             .choices = {"kto", "apo_zero_unpaired"}});
    const auto number = [&s](const char* name, double Params::*member, Range range,
                             const char* help) {
      s.field(name, member, {.unit = "1", .range = range, .help = help, .per_lane = true});
    };
    number("beta", &Params::beta, greater_than(0),
           "strength of the pull to the reference: rewards are beta times log-ratios");
    number("desirable_weight", &Params::desirable_weight, at_least(0), "of chosen trajectories");
    number("undesirable_weight", &Params::undesirable_weight, at_least(0),
           "of rejected trajectories; weight x number of both kinds should be alike");
    return s;
  }

  explicit Kto(const Params& params) : p_(params) {}

  TrajectoryKind trajectories() const override { return TrajectoryKind::kPair; }
  bool needs_reference() const override { return true; }
  bool needs_mismatched() const override { return p_.loss_type == "kto"; }
  // kl is z0, kl/mismatched that mean before it is cut at 0, nat.
  std::vector<std::string> metrics() const override {
    std::vector<std::string> names = preference_metrics();
    names.push_back("kl");
    names.push_back("kl/mismatched");
    return names;
  }

  void loss(const Group& group, const BatchTotals& totals, GroupGradient gradient,
            MetricSums& metrics) const override {
    const double z0 = needs_mismatched() ? std::max(0.0, totals.kl_baseline) : 0.0;
    const double weight = totals.trajectories > 0 ? 1.0 / totals.trajectories : 0.0;
    PreferenceTally tally;
    for (int pair = 0; pair < group.cases(); ++pair) {
      const TrajectoryView chosen = trajectory_of(group, gradient, 2 * pair);
      const TrajectoryView rejected = trajectory_of(group, gradient, 2 * pair + 1);
      const SequenceSum w = sum_scored(chosen), l = sum_scored(rejected);
      add_side(chosen, p_.beta * (w.ratio() - z0), p_.beta, weight * p_.desirable_weight, tally);
      add_side(rejected, p_.beta * (z0 - l.ratio()), -p_.beta, weight * p_.undesirable_weight,
               tally);
      tally.add(w, p_.beta * w.ratio(), l, p_.beta * l.ratio());
    }
    tally.add_to(metrics);
    metrics["kl"] = {z0, 1};
    metrics["kl/mismatched"] = {totals.kl_baseline, 1};
  }

 private:
  // 1 - s(x), x moving by `slope` per nat of the side's log-prob.
  static void add_side(const TrajectoryView& side, double x, double slope, double weight,
                       PreferenceTally& tally) {
    tally.add_loss(weight * sigmoid(-x));
    add_slope(side, -weight * slope * sigmoid(x) * sigmoid(-x));
  }

  Params p_;
};

TR_REGISTER(Optimizer, Kto, "kto",
            "Kahneman-Tversky optimization: desirable and undesirable trajectories, a KL baseline",
            "arXiv 2402.01306; form and defaults as TRL f2cd57710, kto_trainer.py");

}  // namespace
}  // namespace tightrope
