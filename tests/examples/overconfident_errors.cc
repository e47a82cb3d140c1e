// SPDX-License-Identifier: Apache-2.0
// Share of cases whose diagnosis after the factual report is wrong although the policy gives it
// more than 0.9: mean of [z_hat != z and pi(z_hat | v, y) > 0.9]. The example of
// docs/adding-a-metric.md.
#include "experiments/metrics/rows.h"

namespace tightrope {
namespace {

class OverconfidentErrors final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit OverconfidentErrors(const Params&) {}

  std::string unit() const override { return "1"; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    const double sure = std::log(0.9);
    const int diseases = view.policy.diseases;
    for (int n = 0; n < view.cases.size(); ++n) {
      const int answer = view.answer_factual[n];
      const int row = view.factual.offset[n] + answer_row(view, n);
      const double log_prob = view.policy.belief[static_cast<std::size_t>(row) * diseases + answer];
      value[n] = answer != view.cases.disease[n] && log_prob > sure ? 1 : 0;
      weight[n] = 1;
    }
  }
};

TR_REGISTER(Metric, OverconfidentErrors, "overconfident_errors",
            "share of cases answered wrongly with more than 0.9 after the factual report", "ours");

}  // namespace
}  // namespace tightrope
