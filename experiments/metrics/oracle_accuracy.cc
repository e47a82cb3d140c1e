// SPDX-License-Identifier: Apache-2.0
// Top-1 accuracy of P*(z | v): no policy that sees the image alone can beat it on average.
#include "experiments/metrics/rows.h"

namespace tightrope {
namespace {

class OracleAccuracy final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit OracleAccuracy(const Params&) {}

  std::string unit() const override { return "1"; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    for (int n = 0; n < view.cases.size(); ++n) {
      const auto& belief = view.oracle[n].belief;
      value[n] = arg_max(std::span(belief).first(view.policy.diseases)) == view.cases.disease[n];
      weight[n] = 1;
    }
  }
};

TR_REGISTER(Metric, OracleAccuracy, "oracle_accuracy",
            "accuracy of the exact Bayes posterior of the image alone: the ceiling", "ours");

}  // namespace
}  // namespace tightrope
