// SPDX-License-Identifier: Apache-2.0
// Top-1 accuracy after a free-running chain, whatever mode was trained.
#include "experiments/metrics/rows.h"

namespace tightrope {
namespace {

class AccuracyThinking final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit AccuracyThinking(const Params&) {}

  std::string unit() const override { return "1"; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    for (int n = 0; n < view.cases.size(); ++n) {
      value[n] = view.thought[n].disease == view.cases.disease[n] ? 1 : 0;
      weight[n] = 1;
    }
  }
};

TR_REGISTER(Metric, AccuracyThinking, "accuracy_thinking",
            "share of correct diagnoses after a free-running chain of thought", "ours");

}  // namespace
}  // namespace tightrope
