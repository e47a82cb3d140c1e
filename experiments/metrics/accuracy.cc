// SPDX-License-Identifier: Apache-2.0
// Top-1 accuracy in the arm's own mode: after a free-running chain, or directly.
#include "experiments/metrics/rows.h"

namespace tightrope {
namespace {

class Accuracy final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit Accuracy(const Params&) {}

  std::string unit() const override { return "1"; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    for (int n = 0; n < view.cases.size(); ++n) {
      const Sample& sample = view.thinking ? view.thought[n] : view.direct[n];
      value[n] = sample.disease == view.cases.disease[n] ? 1 : 0;
      weight[n] = 1;
    }
  }
};

TR_REGISTER(Metric, Accuracy, "accuracy",
            "share of correct diagnoses in the mode the arm was trained in", "ours");

}  // namespace
}  // namespace tightrope
