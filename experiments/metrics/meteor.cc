// SPDX-License-Identifier: Apache-2.0
// METEOR of free-running reports, exact matches (core/text/meteor.h); mean over cases.
#include "core/text/meteor.h"

#include "experiments/metrics/report_text.h"

namespace tightrope {
namespace {

class Meteor final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit Meteor(const Params&) {}

  std::string unit() const override { return "1"; }
  bool by_default() const override { return false; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    for (int n = 0; n < view.cases.size(); ++n) {
      const ReportPair pair(view, n);
      const TokenSpan references[] = {pair.factual};
      value[n] = sentence_meteor(pair.written, references);
      weight[n] = 1;
    }
  }
};

TR_REGISTER(Metric, Meteor, "meteor", "METEOR (exact matches) of free-running reports",
            "Banerjee and Lavie 2005");

}  // namespace
}  // namespace tightrope
