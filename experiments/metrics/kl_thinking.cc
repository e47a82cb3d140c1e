// SPDX-License-Identifier: Apache-2.0
// KL(P* || pi) of the next-token laws along the factual chain, mean over tokens; prefixes are drawn
// from the oracle, so the sum over tokens estimates the sequence KL (token chain rule).
#include "experiments/metrics/rows.h"

namespace tightrope {
namespace {

class KlThinking final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit KlThinking(const Params&) {}

  std::string unit() const override { return "nat"; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    for (int n = 0; n < view.cases.size(); ++n) {
      const int last = answer_row(view, n);
      value[n] = 0;
      for (int t = 0; t < last; ++t) value[n] += law_kl(view, n, t);
      weight[n] = last;
    }
  }
};

TR_REGISTER(Metric, KlThinking, "kl_thinking",
            "KL(oracle || policy) per token of the thinking stream, exact", "ours");

}  // namespace
}  // namespace tightrope
