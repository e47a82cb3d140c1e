// SPDX-License-Identifier: Apache-2.0
// Rank calibration without a reference: L = (1 / pairs) sum_i max(0, margin - lw_i + ll_i), lw and
// ll the summed log-probs of chosen and rejected. Draws nothing. The example of
// docs/adding-an-optimizer.md.
#include "core/api/optimizer.h"
#include "optimizers/pair_sums.h"

namespace tightrope {
namespace {

class RankCalibration final : public Optimizer {
 public:
  struct Params {
    double margin = 1;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("margin", &Params::margin,
            {.unit = "nat", .range = greater_than(0), .help = "wanted lead", .per_lane = true});
    return s;
  }

  explicit RankCalibration(const Params& params) : margin_(params.margin) {}

  TrajectoryKind trajectories() const override { return TrajectoryKind::kPair; }
  bool needs_reference() const override { return false; }
  std::vector<std::string> metrics() const override { return {"loss", "rank/satisfied"}; }

  void loss(const Group& group, const BatchTotals& totals, GroupGradient gradient,
            MetricSums& metrics) const override {
    double value = 0, satisfied = 0;
    const double weight = 1.0 / totals.cases;  // of the whole step, never of this group
    for (int pair = 0; pair < group.cases(); ++pair) {
      const TrajectoryView chosen = trajectory_of(group, gradient, 2 * pair);
      const TrajectoryView rejected = trajectory_of(group, gradient, 2 * pair + 1);
      const double gap = margin_ - sum_scored(chosen).log_prob + sum_scored(rejected).log_prob;
      if (gap <= 0) {
        satisfied += 1;
        continue;
      }
      value += weight * gap;
      add_slope(chosen, -weight);
      add_slope(rejected, weight);
    }
    MetricSum& total = metrics["loss"];
    total.sum += value;
    total.count = 1;
    metrics["rank/satisfied"].sum += satisfied;
    metrics["rank/satisfied"].count += group.cases();
  }

 private:
  double margin_;
};

TR_REGISTER(Optimizer, RankCalibration, "rank_calibration", "hinge on log-probs, no reference",
            "arXiv 2305.10425, eq. 2 without its regulariser");

}  // namespace
}  // namespace tightrope
