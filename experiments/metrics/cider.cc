// SPDX-License-Identifier: Apache-2.0
// CIDEr-D of free-running reports (core/text/cider.h), document frequencies from all factual
// reports of the environment's evaluation cases; mean over cases.
#include "core/text/cider.h"

#include "experiments/metrics/report_text.h"

namespace tightrope {
namespace {

class Cider final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit Cider(const Params&) {}

  std::string unit() const override { return "1"; }
  bool by_default() const override { return false; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    CiderFrequencies frequencies;
    for (int n = 0; n < view.cases.size(); ++n) {
      const ReportPair pair(view, n);
      const TokenSpan references[] = {pair.factual};
      frequencies.add(references);
    }
    for (int n = 0; n < view.cases.size(); ++n) {
      const ReportPair pair(view, n);
      const TokenSpan references[] = {pair.factual};
      value[n] = sentence_cider(frequencies, pair.written, references);
      weight[n] = 1;
    }
  }
};

TR_REGISTER(Metric, Cider, "cider", "CIDEr-D of free-running reports, 0 to 10",
            "Vedantam et al. 2015");

}  // namespace
}  // namespace tightrope
