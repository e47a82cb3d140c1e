// SPDX-License-Identifier: Apache-2.0
// Supervised fine-tuning: L = -sum_i sum_t w_i log pi(y_it | v_i, y_i<t) over scored tokens, with
// w_i = 1 / (scored tokens of the step) or 1 / (trajectories x tokens of i). Draws nothing.
#include "optimizers/normaliser.h"
#include "optimizers/pair_sums.h"

namespace tightrope {
namespace {

class Sft final : public Optimizer {
 public:
  struct Params {
    std::string normaliser = "token_mean";
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("normaliser", &Params::normaliser,
            {.help = "token_mean: every scored token of the step weighs the same; sequence_mean: "
                     "every trajectory does",
             .choices = normaliser_names()});
    return s;
  }

  explicit Sft(const Params& params) : normaliser_(normaliser_of(params.normaliser)) {}

  TrajectoryKind trajectories() const override { return TrajectoryKind::kSupervised; }
  bool needs_reference() const override { return false; }
  // nll_loss is per token whatever the normaliser; logps/chosen per trajectory, nat.
  std::vector<std::string> metrics() const override { return {"loss", "nll_loss", "logps/chosen"}; }

  void loss(const Group& group, const BatchTotals& totals, GroupGradient gradient,
            MetricSums& metrics) const override {
    double value = 0, log_prob = 0, tokens = 0;
    for (int n = 0; n < group.trajectories(); ++n) {
      const TrajectoryView view = trajectory_of(group, gradient, n);
      const SequenceSum sum = sum_scored(view);
      const double weight = token_weight(normaliser_, totals, sum.length);
      value -= weight * sum.log_prob;
      add_slope(view, -weight);
      log_prob += sum.log_prob;
      tokens += sum.length;
    }
    MetricSum& total = metrics["loss"];
    total.sum += value;
    total.count = 1;
    MetricSum& nll = metrics["nll_loss"];
    nll.sum -= log_prob;
    nll.count += tokens;
    MetricSum& chosen = metrics["logps/chosen"];
    chosen.sum += log_prob;
    chosen.count += group.trajectories();
  }

 private:
  Normaliser normaliser_;
};

TR_REGISTER(Optimizer, Sft, "sft", "supervised fine-tuning on the factual trajectory",
            "maximum likelihood; normaliser as TRL's sft_trainer.py");

}  // namespace
}  // namespace tightrope
