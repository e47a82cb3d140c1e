// SPDX-License-Identifier: Apache-2.0
// Entropy of pi(. | v, y_<j), mean over the tokens of the factual chain.
#include "experiments/metrics/rows.h"

namespace tightrope {
namespace {

class EntropyThinking final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit EntropyThinking(const Params&) {}

  std::string unit() const override { return "nat"; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    for (int n = 0; n < view.cases.size(); ++n) {
      const int width = view.policy.vocabulary;
      const int last = answer_row(view, n);
      value[n] = 0;
      for (int t = 0; t < last; ++t) {
        const std::size_t row = static_cast<std::size_t>(view.factual.offset[n] + t) * width;
        for (int y = 0; y < width; ++y) {
          const double log_prob = view.policy.log_prob[row + y];
          if (std::isfinite(log_prob)) value[n] -= std::exp(log_prob) * log_prob;
        }
      }
      weight[n] = last;
    }
  }
};

TR_REGISTER(Metric, EntropyThinking, "entropy_thinking",
            "mean entropy of the policy along the thinking stream", "ours");

}  // namespace
}  // namespace tightrope
