// SPDX-License-Identifier: Apache-2.0
// Odds ratio preference optimization (arXiv 2403.07691, eqs. 6 and 7): no reference; with s the
// mean log-prob of a trajectory's tokens and logodds(s) = s - log(1 - exp(s)),
//
//   L = NLL(chosen) per chosen token - beta (1 / pairs) sum_i LS(logodds(sw_i) - logodds(sl_i))
//
// Odds are bounded by 1e6: a trajectory that is certain has no slope. Draws nothing.
#include <algorithm>
#include <cmath>

#include "core/base/math.h"
#include "core/config/schema.h"
#include "optimizers/f_divergence.h"
#include "optimizers/preference_tally.h"

namespace tightrope {
namespace {

// logodds of the mean log-prob, and its slope by every token's log-prob.
Score log_odds(const SequenceSum& sum) {
  constexpr double kCertain = -1e-6;
  const double length = std::max(1, sum.length);
  const double mean = sum.log_prob / length;
  const double s = std::min(mean, kCertain);
  // log(1 - e^s) without cancellation on either side of s = -ln 2 (Maechler 2012).
  const double log_rest =
      s > -0.6931471805599453 ? std::log(-std::expm1(s)) : std::log1p(-std::exp(s));
  return {s - log_rest, mean > kCertain ? 0.0 : -1 / (std::expm1(s) * length)};
}

class Orpo final : public Optimizer {
 public:
  struct Params {
    double beta = 0.1;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("beta", &Params::beta,
            {.unit = "1",
             .range = at_least(0),
             .help = "weight of the odds-ratio term (the paper's lambda)",
             .per_lane = true});
    return s;
  }

  explicit Orpo(const Params& params) : beta_(params.beta) {}

  TrajectoryKind trajectories() const override { return TrajectoryKind::kPair; }
  bool needs_reference() const override { return false; }
  // log_odds_ratio is the mean log sigmoid of the difference of log-odds, log_odds_chosen that
  // difference; rewards are beta times mean log-probs.
  std::vector<std::string> metrics() const override {
    std::vector<std::string> names = preference_metrics(false);
    names.push_back("log_odds_ratio");
    names.push_back("log_odds_chosen");
    return names;
  }

  void loss(const Group& group, const BatchTotals& totals, GroupGradient gradient,
            MetricSums& metrics) const override {
    const double weight = totals.cases > 0 ? 1.0 / totals.cases : 0.0;
    PreferenceTally tally;
    double ratios = 0, gaps = 0;
    for (int pair = 0; pair < group.cases(); ++pair) {
      const TrajectoryView chosen = trajectory_of(group, gradient, 2 * pair);
      const TrajectoryView rejected = trajectory_of(group, gradient, 2 * pair + 1);
      const SequenceSum w = sum_scored(chosen), l = sum_scored(rejected);
      const Score up = log_odds(w), down = log_odds(l);
      const double gap = up.value - down.value;
      const double slope = -beta_ * weight * sigmoid(-gap);
      tally.add_loss(-beta_ * weight * log_sigmoid(gap));
      add_slope(chosen, slope * up.slope);
      add_slope(rejected, -slope * down.slope);
      add_likelihood_term(1, totals, chosen, w, tally);
      tally.add(w, beta_ * w.log_prob / std::max(1, w.length), l,
                beta_ * l.log_prob / std::max(1, l.length));
      ratios += log_sigmoid(gap);
      gaps += gap;
    }
    tally.add_to(metrics, false);
    metrics["log_odds_ratio"].sum += ratios;
    metrics["log_odds_ratio"].count += group.cases();
    metrics["log_odds_chosen"].sum += gaps;
    metrics["log_odds_chosen"].count += group.cases();
  }

 private:
  double beta_;
};

TR_REGISTER(Optimizer, Orpo, "orpo",
            "odds ratio preference optimization: likelihood and odds of pairs, no reference",
            "arXiv 2403.07691, eqs. 6 and 7; form as TRL f2cd57710, orpo_trainer.py");

}  // namespace
}  // namespace tightrope
