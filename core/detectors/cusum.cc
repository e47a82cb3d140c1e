// SPDX-License-Identifier: Apache-2.0
// The tabular CUSUM (Page 1954): with m and s the mean and the standard deviation of the first
// min_instances samples, or given,
//
//   U = max(0, U + (x - m) - slack s)    drift upwards when U > threshold s
//   D = max(0, D - (x - m) - slack s)    drift downwards when D > threshold s
//
// Statistic, the greater sum, and threshold have the unit of the samples; 0 and infinity before m
// is known. Normal samples, slack 0.5, threshold 5, both directions: ARL0 is 465 with m and s
// given. Estimated from 30 samples they give run lengths of mean 683 but median 180. The change is
// put where the sum last left 0. O(1). Dialects:
//   river  as above
//   moa    m is the running mean, s = 1, U alone, first test one sample earlier (MOA, CapyMOA and
//          frouros, whose slack is 0.005 and threshold 50)
#include <algorithm>
#include <limits>

#include "core/detectors/chart_options.h"
#include "core/detectors/reference_law.h"
#include "core/detectors/rule.h"
#include "core/detectors/since.h"

namespace tightrope {
namespace {

struct CusumParams : ChartParams {
  double slack = 0.5;
  double threshold = 5;
  std::string dialect = "river";
};

class CusumRule {
 public:
  explicit CusumRule(const CusumParams& p)
      : slack_(p.slack),
        threshold_(p.threshold),
        min_instances_(static_cast<double>(p.min_instances)),
        moa_(p.dialect == "moa"),
        looks_up_(p.mode != "down"),
        looks_down_(p.mode != "up"),
        law_(p.min_instances, p.mean, p.deviation) {}

  DetectorState accept(double x, std::int64_t position) {
    DetectorState state;
    double mean = 0, scale = 1;
    bool tested = true;
    if (moa_) {
      count_ += 1;
      mean_ += (x - mean_) / count_;
      mean = mean_;
      tested = count_ + 1 >= min_instances_;
    } else {
      if (!law_.known(x)) {
        state.threshold = std::numeric_limits<double>::infinity();
        return state;
      }
      mean = law_.mean();
      scale = law_.deviation();
    }
    const double above = x - mean, slack = slack_ * scale;
    up_.move(above - slack, position);
    down_.move(-above - slack, position);
    state.statistic = std::max(looks_up_ ? up_.sum : 0, looks_down_ ? down_.sum : 0);
    state.threshold = threshold_ * scale;
    if (!(state.statistic > state.threshold) || !tested) return state;
    const bool rises = looks_up_ && state.statistic == up_.sum;
    state.verdict = AlarmLevel::kDrift;
    state.direction = rises ? 1 : -1;
    state.change_time = rises ? up_.since : down_.since;
    return state;
  }
  void clear() {
    law_.clear();
    count_ = mean_ = 0;
    up_ = down_ = {};
  }
  void write(std::vector<double>& saved) const;
  void read(SavedState& saved, std::int64_t position);

 private:
  double slack_, threshold_, min_instances_;
  bool moa_, looks_up_, looks_down_;
  ReferenceLaw law_;
  double count_ = 0, mean_ = 0;  // running, dialect moa
  Climb up_, down_;
};

void CusumRule::write(std::vector<double>& saved) const {
  law_.write(saved);
  saved.insert(saved.end(), {count_, mean_});
  for (const Climb& climb : {up_, down_}) {
    saved.insert(saved.end(), {climb.sum, static_cast<double>(climb.since)});
  }
}

void CusumRule::read(SavedState& saved, std::int64_t position) {
  law_.read(saved, position);
  count_ = static_cast<double>(saved.whole(0, position));
  mean_ = saved.number();
  for (Climb* climb : {&up_, &down_}) {
    climb->sum = saved.number();
    climb->since = saved.whole(0, position);
  }
}

class Cusum final : public RuleModel<CusumParams, CusumRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("slack", &Params::slack,
            {.unit = "1",
             .range = at_least(0),
             .help = "deviation per sample that is tolerated, in standard deviations"});
    s.field("threshold", &Params::threshold,
            {.unit = "1",
             .range = greater_than(0),
             .help = "accumulated deviation that is a drift, in standard deviations"});
    add_chart_fields(s);
    s.field("dialect", &Params::dialect, {.help = "whose CUSUM", .choices = {"river", "moa"}});
    s.check([](const Params& p) -> std::string {
      if (p.dialect == "river") return "";
      if (p.mode != "up") return "mode = " + p.mode + " violates up with dialect moa";
      if (p.mean) return "mean = " + std::to_string(*p.mean) + " violates null with dialect moa";
      return "";
    });
    return s;
  }
};

TR_REGISTER(DetectorModel, Cusum, "cusum", "cumulative sums of deviations, kept above 0",
            "Page 1954, Biometrika 41; form and defaults as river's development");

}  // namespace
}  // namespace tightrope
