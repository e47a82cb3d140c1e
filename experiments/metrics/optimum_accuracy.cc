// SPDX-License-Identifier: Apache-2.0
// Accuracy of the most probable answer of pi*, the population optimum of the stage's loss for
// answers without thinking: what the theory predicts of the arm. NaN where pi* is not known.
#include "experiments/metrics/rows.h"

namespace tightrope {
namespace {

class OptimumAccuracy final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit OptimumAccuracy(const Params&) {}

  std::string unit() const override { return "1"; }
  bool by_default() const override { return false; }
  bool needs_optimum() const override { return true; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    const auto diseases = static_cast<std::size_t>(view.world.vocabulary().diseases());
    for (int n = 0; n < view.cases.size(); ++n) {
      weight[n] = view.optimum.empty() ? 0 : 1;
      value[n] = 0;
      if (view.optimum.empty()) continue;
      value[n] = arg_max(view.optimum.subspan(n * diseases, diseases)) == view.cases.disease[n];
    }
  }
};

TR_REGISTER(Metric, OptimumAccuracy, "optimum_accuracy",
            "accuracy without thinking at the population optimum of the stage's loss: the theory's "
            "prediction",
            "ours; the optimum of arXiv 2305.18290, eq. 7, under the expert's law of pairs");

}  // namespace
}  // namespace tightrope
