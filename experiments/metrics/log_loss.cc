// SPDX-License-Identifier: Apache-2.0
// Proper score of the diagnosis: after the factual chain for thinking arms, else of the direct
// answer.
#include "experiments/metrics/rows.h"

namespace tightrope {
namespace {

class LogLoss final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit LogLoss(const Params&) {}

  std::string unit() const override { return "nat"; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    for (int n = 0; n < view.cases.size(); ++n) {
      const int t = view.thinking ? answer_row(view, n) : 0;
      const std::size_t row = static_cast<std::size_t>(view.factual.offset[n] + t);
      value[n] = -view.policy.belief[row * view.policy.diseases + view.cases.disease[n]];
      weight[n] = 1;
    }
  }
};

TR_REGISTER(Metric, LogLoss, "log_loss",
            "negative log-probability of the true diagnosis in the mode the arm was trained in",
            "ours");

}  // namespace
}  // namespace tightrope
