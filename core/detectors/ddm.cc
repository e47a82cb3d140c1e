// SPDX-License-Identifier: Apache-2.0
// DDM (Gama, Medas, Castillo & Rodrigues 2004): the error rate p of all n samples with its standard
// error s, against the lowest p + s so far, reached at (p_min, s_min):
//
//   s = sqrt(p (1 - p) / n)
//   p + s > p_min + warning_threshold s_min    warning
//   p + s > p_min + drift_threshold s_min      drift
//
// from n = warm_start + 1 on. Samples are 0 and 1 (1 = error); only a rise is seen. Statistic and
// threshold are the two sides of the last line. The change is put where the unbroken warnings
// before the drift began, as the authors do (the lowest p + s may lie far before). O(1). Run
// lengths without a change are very unequal: a lucky early minimum alarms soon, and a rate that
// keeps falling never does. Dialects:
//   river  as above
//   moa    lowest p + s and warnings from n = warm_start - 1 on, drift from n = warm_start on
#include <algorithm>
#include <string>

#include "core/detectors/error_rate.h"
#include "core/detectors/loss_input.h"
#include "core/detectors/rule.h"

namespace tightrope {
namespace {

struct DdmParams {
  std::int64_t warm_start = 30;
  double warning_threshold = 2;
  double drift_threshold = 3;
  std::string dialect = "river";
};

class DdmRule {
 public:
  explicit DdmRule(const DdmParams& p)
      : first_(static_cast<double>(p.warm_start + (p.dialect == "moa" ? -1 : 1))),
        first_drift_(static_cast<double>(p.warm_start + (p.dialect == "moa" ? 0 : 1))),
        lowest_(p.warning_threshold, p.drift_threshold) {}

  static bool takes(double x) { return is_error_flag(x); }
  [[noreturn]] static void refuse(double x, std::int64_t position) {
    refuse_no_flag("ddm", x, position);
  }
  DetectorState accept(double x, std::int64_t position);
  void clear() {
    all_ = {};
    lowest_.clear();
    warned_ = 0;
  }
  void write(std::vector<double>& saved) const {
    all_.write(saved);
    lowest_.write(saved);
    saved.push_back(static_cast<double>(warned_));
  }
  void read(SavedState& saved, std::int64_t position) {
    all_.read(saved, position);
    const auto samples = static_cast<std::int64_t>(all_.samples);
    lowest_.read(saved, samples);
    warned_ = saved.whole(0, samples);
  }

 private:
  double first_, first_drift_;  // n of the first comparison and of the first drift
  ErrorRate all_;
  LowestRate lowest_;
  std::int64_t warned_ = 0;  // warnings in a row
};

DetectorState DdmRule::accept(double x, std::int64_t position) {
  all_.add(x);
  const double p = all_.rate(), s = all_.deviation(p);
  if (p + s <= lowest_.sum() && all_.samples >= first_) lowest_.set(all_, p, s);
  DetectorState state;
  state.statistic = p + s;
  state.threshold = lowest_.drift_limit();
  if (state.statistic > state.threshold && all_.samples >= first_drift_) [[unlikely]] {
    state.verdict = AlarmLevel::kDrift;
    state.direction = 1;
    state.change_time = position - warned_;
  } else if (state.statistic > lowest_.warning_limit()) {
    state.verdict = AlarmLevel::kWarning;
    ++warned_;
  } else {
    warned_ = 0;
  }
  return state;
}

class Ddm final : public RuleModel<DdmParams, DdmRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("warm_start", &Params::warm_start,
            {.unit = "sample", .range = between(0, 1e9), .help = "samples before the first test"});
    s.field("warning_threshold", &Params::warning_threshold,
            {.unit = "1",
             .range = greater_than(0),
             .help = "standard errors above the lowest rate that are a warning"});
    s.field("drift_threshold", &Params::drift_threshold,
            {.unit = "1",
             .range = greater_than(0),
             .help = "standard errors above the lowest rate that are a drift"});
    s.field("dialect", &Params::dialect, {.help = "whose DDM", .choices = {"river", "moa"}});
    s.check([](const Params& p) -> std::string {
      if (p.warning_threshold <= p.drift_threshold) return "";
      return fmt::format("warning_threshold = {} violates <= drift_threshold = {}",
                         p.warning_threshold, p.drift_threshold);
    });
    return s;
  }
};

TR_REGISTER(DetectorModel, Ddm, "ddm",
            "an error rate that rises above its lowest by standard errors",
            "Gama, Medas, Castillo & Rodrigues 2004, SBIA; form and defaults as river 0.26");

}  // namespace
}  // namespace tightrope
