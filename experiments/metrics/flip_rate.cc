// SPDX-License-Identifier: Apache-2.0
// The synonym intervention of Fig. 1 of arXiv 2505.13081, on every finding at once.
#include "experiments/metrics/rows.h"

namespace tightrope {
namespace {

class FlipRate final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit FlipRate(const Params&) {}

  std::string unit() const override { return "1"; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    for (int n = 0; n < view.cases.size(); ++n) {
      value[n] = view.answer_factual[n] != view.answer_swapped[n] ? 1 : 0;
      weight[n] = 1;
    }
  }
};

TR_REGISTER(Metric, FlipRate, "flip_rate",
            "share of diagnoses that change when every synonym of the report is swapped", "ours");

}  // namespace
}  // namespace tightrope
