// SPDX-License-Identifier: Apache-2.0
// KL(P*(z | v) || pi*(z | v)), pi* the population optimum of the stage's loss for answers without
// thinking: what kl_direct tends to. NaN where pi* is not known.
#include "experiments/metrics/rows.h"

namespace tightrope {
namespace {

class OptimumKl final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit OptimumKl(const Params&) {}

  std::string unit() const override { return "nat"; }
  bool by_default() const override { return false; }
  bool needs_optimum() const override { return true; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    const auto diseases = static_cast<std::size_t>(view.world.vocabulary().diseases());
    for (int n = 0; n < view.cases.size(); ++n) {
      weight[n] = view.optimum.empty() ? 0 : 1;
      value[n] = 0;
      for (std::size_t z = 0; !view.optimum.empty() && z < diseases; ++z) {
        const double p = view.oracle[n].belief[z];
        if (p > 0) value[n] += p * (std::log(p) - view.optimum[n * diseases + z]);
      }
    }
  }
};

TR_REGISTER(Metric, OptimumKl, "optimum_kl",
            "KL(oracle || population optimum of the stage's loss) of the diagnosis without "
            "thinking: the theory's prediction of kl_direct",
            "ours; the optimum of arXiv 2305.18290, eq. 7, under the expert's law of pairs");

}  // namespace
}  // namespace tightrope
