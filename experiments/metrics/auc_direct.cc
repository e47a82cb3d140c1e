// SPDX-License-Identifier: Apache-2.0
// Area under the ROC curve of the policy's belief without thinking, one disease z against the rest:
// the share of pairs (case of z in the subset, case of another disease in the environment) in which
// P(z | v) is larger for the first, ties one half; mean over the subset's diseases. Per case: the
// belief in its own disease.
#include <algorithm>

#include "experiments/metrics/rows.h"

namespace tightrope {
namespace {

class AucDirect final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit AucDirect(const Params&) {}

  std::string unit() const override { return "1"; }
  bool by_default() const override { return false; }

  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    for (int n = 0; n < view.cases.size(); ++n) {
      value[n] = std::exp(log_belief(view, n, view.cases.disease[n]));
      weight[n] = 1;
    }
  }

  double aggregate(const EvaluationView& view, std::span<const int> subset, std::span<const double>,
                   std::span<const double>) const override {
    double total = 0, diseases = 0;
    for (int z = 0; z < view.policy.diseases; ++z) {
      const double area = area_of(view, subset, z);
      if (std::isnan(area)) continue;
      total += area;
      diseases += 1;
    }
    return diseases > 0 ? total / diseases : std::numeric_limits<double>::quiet_NaN();
  }

 private:
  static double log_belief(const EvaluationView& view, int n, int z) {
    return view.policy
        .belief[static_cast<std::size_t>(view.factual.offset[n]) * view.policy.diseases + z];
  }

  // By the ranks of the negatives; NaN without positives or negatives.
  static double area_of(const EvaluationView& view, std::span<const int> subset, int z) {
    std::vector<double> negative;
    for (int n = 0; n < view.cases.size(); ++n) {
      if (view.cases.disease[n] != z) negative.push_back(log_belief(view, n, z));
    }
    std::sort(negative.begin(), negative.end());
    double sum = 0, count = 0;
    for (const int n : subset) {
      if (view.cases.disease[n] != z) continue;
      const auto [low, high] =
          std::equal_range(negative.begin(), negative.end(), log_belief(view, n, z));
      sum += 0.5 * static_cast<double>((low - negative.begin()) + (high - negative.begin()));
      count += 1;
    }
    const double pairs = count * static_cast<double>(negative.size());
    return pairs > 0 ? sum / pairs : std::numeric_limits<double>::quiet_NaN();
  }
};

TR_REGISTER(Metric, AucDirect, "auc_direct",
            "mean area under the ROC curve, each disease against the rest, without thinking",
            "Hanley and McNeil 1982");

}  // namespace
}  // namespace tightrope
