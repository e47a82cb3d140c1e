// SPDX-License-Identifier: Apache-2.0
// ROUGE-L of free-running reports, F with beta 1 (core/text/rouge.h); mean over cases.
#include "core/text/rouge.h"
#include "experiments/metrics/report_text.h"

namespace tightrope {
namespace {

class RougeL final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit RougeL(const Params&) {}

  std::string unit() const override { return "1"; }
  bool by_default() const override { return false; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    for (int n = 0; n < view.cases.size(); ++n) {
      const ReportPair pair(view, n);
      const TokenSpan references[] = {pair.factual};
      value[n] = sentence_rouge_l(pair.written, references).f_measure;
      weight[n] = 1;
    }
  }
};

TR_REGISTER(Metric, RougeL, "rouge_l", "ROUGE-L F of free-running reports", "Lin 2004");

}  // namespace
}  // namespace tightrope
