// SPDX-License-Identifier: Apache-2.0
// BLEU-1..4 of free-running reports against the factual ones, over the corpus of a subset; per case
// the sentence's own score. See core/text/bleu.h for the variant.
#include "core/text/bleu.h"

#include "experiments/metrics/report_text.h"

namespace tightrope {
namespace {

template <int kOrder>
class Bleu final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit Bleu(const Params&) {}

  std::string unit() const override { return "1"; }
  bool by_default() const override { return false; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    for (int n = 0; n < view.cases.size(); ++n) {
      const int one[] = {n};
      value[n] = corpus(view, one);
      weight[n] = 1;
    }
  }

  double aggregate(const EvaluationView& view, std::span<const int> subset, std::span<const double>,
                   std::span<const double>) const override {
    return corpus(view, subset);
  }

 private:
  static double corpus(const EvaluationView& view, std::span<const int> subset) {
    BleuCounts counts;
    for (const int n : subset) {
      const ReportPair pair(view, n);
      const TokenSpan references[] = {pair.factual};
      counts.add(pair.written, references);
    }
    return counts.score(kOrder);
  }
};

using Bleu1 = Bleu<1>;
using Bleu2 = Bleu<2>;
using Bleu3 = Bleu<3>;
using Bleu4 = Bleu<4>;

TR_REGISTER(Metric, Bleu1, "bleu_1", "BLEU-1 of free-running reports", "Papineni et al. 2002");
TR_REGISTER(Metric, Bleu2, "bleu_2", "BLEU-2 of free-running reports", "Papineni et al. 2002");
TR_REGISTER(Metric, Bleu3, "bleu_3", "BLEU-3 of free-running reports", "Papineni et al. 2002");
TR_REGISTER(Metric, Bleu4, "bleu_4", "BLEU-4 of free-running reports", "Papineni et al. 2002");

}  // namespace
}  // namespace tightrope
