// SPDX-License-Identifier: Apache-2.0
// Top-1 accuracy of the direct answer, whatever mode was trained.
#include "experiments/metrics/rows.h"

namespace tightrope {
namespace {

class AccuracyDirect final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit AccuracyDirect(const Params&) {}

  std::string unit() const override { return "1"; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    for (int n = 0; n < view.cases.size(); ++n) {
      value[n] = view.direct[n].disease == view.cases.disease[n] ? 1 : 0;
      weight[n] = 1;
    }
  }
};

TR_REGISTER(Metric, AccuracyDirect, "accuracy_direct",
            "share of correct diagnoses without thinking", "ours");

}  // namespace
}  // namespace tightrope
