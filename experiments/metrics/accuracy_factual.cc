// SPDX-License-Identifier: Apache-2.0
// Top-1 accuracy of the answer after the true report (teacher forced).
#include "experiments/metrics/rows.h"

namespace tightrope {
namespace {

class AccuracyFactual final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit AccuracyFactual(const Params&) {}

  std::string unit() const override { return "1"; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    for (int n = 0; n < view.cases.size(); ++n) {
      value[n] = view.answer_factual[n] == view.cases.disease[n] ? 1 : 0;
      weight[n] = 1;
    }
  }
};

TR_REGISTER(Metric, AccuracyFactual, "accuracy_factual",
            "share of correct diagnoses after the factual report", "ours");

}  // namespace
}  // namespace tightrope
