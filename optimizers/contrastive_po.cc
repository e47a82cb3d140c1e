// SPDX-License-Identifier: Apache-2.0
// Contrastive preference optimization (arXiv 2401.08417), the "cpo" of TRL and ms-swift: without a
// reference, log-probs stand in the place of log-ratios,
//
//   L = (1 / pairs) sum_i link(beta (lw_i - ll_i)) + cpo_alpha NLL(chosen) per chosen token
//
// Not this program's cpo, which is counterfactual and needs a reference. Draws nothing.
#include "optimizers/preference.h"

namespace tightrope {
namespace {

class ContrastivePo final : public Optimizer {
 public:
  struct Params {
    double beta = 0.1;
    double cpo_alpha = 1;
    std::string loss_type = "sigmoid";
    double label_smoothing = 0;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("beta", &Params::beta,
            {.unit = "1",
             .range = greater_than(0),
             .help = "rewards are beta times log-probs",
             .per_lane = true});
    add_likelihood_field(s, "cpo_alpha", &Params::cpo_alpha);
    s.field("loss_type", &Params::loss_type,
            {.help = "link of the pairwise loss on log-probs; simpo is an optimizer of its own",
             .choices = {"sigmoid", "hinge", "ipo_sum", "ipo_avg"}});
    s.field("label_smoothing", &Params::label_smoothing,
            {.unit = "1",
             .range = from_until(0, 1),
             .help = "assumed share of swapped labels, with sigmoid alone",
             .per_lane = true});
    s.check([](const Params& p) { return link_violation(options_of(p).link); });
    return s;
  }

  explicit ContrastivePo(const Params& params) : options_(options_of(params)) {}

  TrajectoryKind trajectories() const override { return TrajectoryKind::kPair; }
  bool needs_reference() const override { return false; }
  std::vector<std::string> metrics() const override { return preference_metrics(false); }
  void loss(const Group& group, const BatchTotals& totals, GroupGradient gradient,
            MetricSums& metrics) const override {
    preference_loss(options_, group, totals, gradient, metrics);
  }

 private:
  static PreferenceOptions options_of(const Params& p) {
    return {.link = {.link = link_of(p.loss_type),
                     .beta = p.beta,
                     .label_smoothing = p.label_smoothing},
            .rpo_alpha = p.cpo_alpha,
            .reference_free = true};
  }

  PreferenceOptions options_;
};

TR_REGISTER(
    Optimizer, ContrastivePo, "contrastive_po",
    "contrastive preference optimization: log-probs of pairs, likelihood term, no reference",
    "arXiv 2401.08417; form and defaults as TRL f2cd57710, cpo_trainer.py");

}  // namespace
}  // namespace tightrope
