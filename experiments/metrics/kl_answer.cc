// SPDX-License-Identifier: Apache-2.0
// KL(P*(z | v, y) || pi(z | v, y)) after the complete factual chain.
#include "experiments/metrics/rows.h"

namespace tightrope {
namespace {

class KlAnswer final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit KlAnswer(const Params&) {}

  std::string unit() const override { return "nat"; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    for (int n = 0; n < view.cases.size(); ++n) {
      value[n] = belief_kl(view, n, answer_row(view, n));
      weight[n] = 1;
    }
  }
};

TR_REGISTER(Metric, KlAnswer, "kl_answer",
            "KL(oracle || policy) of the diagnosis after the factual report, exact", "ours");

}  // namespace
}  // namespace tightrope
