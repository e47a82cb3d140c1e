// SPDX-License-Identifier: Apache-2.0
// KL(P*(z | v) || pi(z | v, <answer_now>)) of the direct answer.
#include "experiments/metrics/rows.h"

namespace tightrope {
namespace {

class KlDirect final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit KlDirect(const Params&) {}

  std::string unit() const override { return "nat"; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    for (int n = 0; n < view.cases.size(); ++n) {
      value[n] = belief_kl(view, n, 0);
      weight[n] = 1;
    }
  }
};

TR_REGISTER(Metric, KlDirect, "kl_direct",
            "KL(oracle || policy) of the diagnosis without thinking, exact", "ours");

}  // namespace
}  // namespace tightrope
