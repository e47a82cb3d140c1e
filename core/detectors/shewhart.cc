// SPDX-License-Identifier: Apache-2.0
// Shewhart's chart of single samples (Shewhart 1931): with m and s the mean and the standard
// deviation of the first min_instances samples, or given,
//
//   drift when |x - m| > k s
//
// Nothing is accumulated: quick at a large change, blind to a small one. Statistic and threshold,
// the two sides, have the unit of the samples; 0 and infinity before m is known. With normal
// samples and m and s given the run length to a false alarm is geometric, ARL0 = 1 / (2 Phi(-k)) =
// 370.4 at k = 3. The change is put at the alarm. O(1).
#include <cmath>
#include <limits>

#include "core/detectors/chart_options.h"
#include "core/detectors/reference_law.h"
#include "core/detectors/rule.h"

namespace tightrope {
namespace {

struct ShewhartParams : ChartParams {
  double k = 3;
};

class ShewhartRule {
 public:
  explicit ShewhartRule(const ShewhartParams& p)
      : k_(p.k),
        both_(p.mode == "both"),
        sign_(p.mode == "down" ? -1 : 1),
        law_(p.min_instances, p.mean, p.deviation) {}

  DetectorState accept(double x, std::int64_t position) {
    DetectorState state;
    state.threshold = std::numeric_limits<double>::infinity();
    if (!law_.known(x)) return state;
    const double above = x - law_.mean();
    state.statistic = both_ ? std::abs(above) : sign_ * above;
    state.threshold = k_ * law_.deviation();
    if (!(state.statistic > state.threshold)) return state;
    state.verdict = AlarmLevel::kDrift;
    state.direction = above > 0 ? 1 : -1;
    state.change_time = position;
    return state;
  }
  void clear() { law_.clear(); }
  void write(std::vector<double>& saved) const { law_.write(saved); }
  void read(SavedState& saved, std::int64_t position) { law_.read(saved, position); }

 private:
  double k_;
  bool both_;
  double sign_;  // of the one direction
  ReferenceLaw law_;
};

class Shewhart final : public RuleModel<ShewhartParams, ShewhartRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("k", &Params::k,
            {.unit = "1", .range = greater_than(0), .help = "half width in standard deviations"});
    add_chart_fields(s);
    return s;
  }
};

TR_REGISTER(DetectorModel, Shewhart, "shewhart", "single samples outside of fixed limits",
            "Shewhart 1931, Economic Control of Quality; form and defaults as river's development");

}  // namespace
}  // namespace tightrope
