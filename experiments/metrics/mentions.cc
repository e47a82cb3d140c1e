// SPDX-License-Identifier: Apache-2.0
// Length of the free-running thinking stream in findings.
#include "experiments/metrics/rows.h"

namespace tightrope {
namespace {

class Mentions final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit Mentions(const Params&) {}

  std::string unit() const override { return "finding"; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    for (int n = 0; n < view.cases.size(); ++n) {
      int count = 0;
      for (Token token : view.thought[n].trajectory.tokens) {
        count += view.world.vocabulary().is_finding(token) ? 1 : 0;
      }
      value[n] = count;
      weight[n] = 1;
    }
  }
};

TR_REGISTER(Metric, Mentions, "mentions", "mean number of findings in a free-running chain",
            "ours");

}  // namespace
}  // namespace tightrope
