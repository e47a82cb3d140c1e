// SPDX-License-Identifier: Apache-2.0
// Page-Hinkley (Page 1954): cumulative deviations from the running mean. With n samples, d = x_n
// less the mean of all n,
//
//   U = alpha U + d - delta    drift upwards when U - min U > threshold
//   D = alpha D + d + delta    drift downwards when max D - D > threshold
//
// from n = min_instances on; U and D begin at 0, max D at -1. Statistic and threshold have the unit
// of the samples, so their scale matters; with standardize the first min_instances samples only
// give a mean and a standard deviation (1 where they are all equal), and the others are taken less
// the mean and in units of the deviation. The change is put after the last extremum. O(1).
// Dialects:
//   river    as above
//   moa      U alone, no minimum subtracted, first test one sample earlier (MOA, CapyMOA, frouros)
//   clamped  U = max(0, ...) alone, drift when U >= threshold (scikit-multiflow, older river)
#include <limits>
#include <optional>
#include <string>

#include "core/detectors/reference_law.h"
#include "core/detectors/rule.h"

namespace tightrope {
namespace {

struct PageHinkleyParams {
  std::int64_t min_instances = 30;
  double delta = 0.005;
  double threshold = 50;
  double alpha = 0.9999;
  std::string mode = "both";
  bool standardize = false;
  std::string dialect = "river";
};

// One cumulative sum with its extremum so far.
struct Excursion {
  double sum = 0;
  double extremum = 0;
  std::int64_t since = -1;  // position after that of the extremum, the latest of equal ones
};

class PageHinkleyRule {
 public:
  explicit PageHinkleyRule(const PageHinkleyParams& p)
      : params_{p.min_instances, p.delta, p.threshold, p.alpha, p.standardize},
        moa_(p.dialect == "moa"),
        clamped_(p.dialect == "clamped"),
        looks_up_(p.mode != "down"),
        looks_down_(p.mode != "up"),
        law_(p.min_instances, std::nullopt, std::nullopt) {
    clear();
  }

  DetectorState accept(double x, std::int64_t position);
  void clear();
  void write(std::vector<double>& saved) const;
  void read(SavedState& saved, std::int64_t position);

 private:
  DetectorState accumulate(double x, std::int64_t position);
  void move_up(double d, std::int64_t position);
  void move_down(double d, std::int64_t position);
  double upward() const { return moa_ || clamped_ ? up_.sum : up_.sum - up_.extremum; }

  // The options that are numbers: a rule of plain numbers scans faster (rule.h).
  struct Numbers {
    std::int64_t min_instances;
    double delta, threshold, alpha;
    bool standardize;
  } params_;
  bool moa_, clamped_, looks_up_, looks_down_;
  ReferenceLaw law_;  // with standardize
  double count_ = 0, mean_ = 0;
  Excursion up_, down_;
};

void PageHinkleyRule::clear() {
  law_.clear();
  count_ = mean_ = 0;
  up_ = {0, std::numeric_limits<double>::infinity(), -1};
  down_ = {0, -1, -1};
}

void PageHinkleyRule::move_up(double d, std::int64_t position) {
  if (moa_) {
    up_.sum = params_.alpha * up_.sum + (d - params_.delta);
  } else {
    up_.sum = params_.alpha * up_.sum + d - params_.delta;
  }
  if (clamped_ && up_.sum < 0) up_.sum = 0;
  if (up_.sum > up_.extremum) return;
  up_.extremum = up_.sum;
  up_.since = position + 1;
}

void PageHinkleyRule::move_down(double d, std::int64_t position) {
  down_.sum = params_.alpha * down_.sum + d + params_.delta;
  if (down_.sum < down_.extremum) return;
  down_.extremum = down_.sum;
  down_.since = position + 1;
}

DetectorState PageHinkleyRule::accept(double x, std::int64_t position) {
  if (!params_.standardize) return accumulate(x, position);
  if (count_ == 0) {
    if (law_.known(x)) {
      count_ = static_cast<double>(params_.min_instances);  // their mean is now 0
      up_.since = down_.since = position + 1;  // D may never reach max D, which begins below it
    }
    DetectorState state;
    state.threshold = params_.threshold;
    return state;
  }
  const double scale = law_.deviation() > 0 ? law_.deviation() : 1;
  return accumulate((x - law_.mean()) / scale, position);
}

DetectorState PageHinkleyRule::accumulate(double x, std::int64_t position) {
  count_ += 1;
  mean_ += (x - mean_) / count_;
  move_up(x - mean_, position);
  move_down(x - mean_, position);
  const double upwards = upward(), downwards = down_.extremum - down_.sum;
  const bool rises = looks_up_ && (!looks_down_ || upwards >= downwards);
  DetectorState state;
  state.statistic = rises ? upwards : downwards;
  state.threshold = params_.threshold;
  const double tested = count_ + (moa_ ? 1 : 0);
  const bool beyond =
      clamped_ ? state.statistic >= state.threshold : state.statistic > state.threshold;
  if (!beyond || tested < static_cast<double>(params_.min_instances)) return state;
  state.verdict = AlarmLevel::kDrift;
  state.direction = rises ? 1 : -1;
  state.change_time = rises ? up_.since : down_.since;
  return state;
}

void PageHinkleyRule::write(std::vector<double>& saved) const {
  law_.write(saved);
  saved.insert(saved.end(), {count_, mean_});
  for (const Excursion& e : {up_, down_}) {
    saved.insert(saved.end(), {e.sum, e.extremum, static_cast<double>(e.since)});
  }
}

void PageHinkleyRule::read(SavedState& saved, std::int64_t position) {
  law_.read(saved, position);
  count_ = static_cast<double>(saved.whole(0, position));
  mean_ = saved.number();
  for (Excursion* e : {&up_, &down_}) {
    e->sum = saved.number();
    e->extremum = saved.number();
    e->since = saved.whole(-1, position);
  }
}

class PageHinkley final : public RuleModel<PageHinkleyParams, PageHinkleyRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("min_instances", &Params::min_instances,
            {.unit = "sample", .range = between(1, 1e9), .help = "samples before the first test"});
    s.field("delta", &Params::delta,
            {.unit = "1", .range = at_least(0), .help = "deviation per sample that is tolerated"});
    s.field(
        "threshold", &Params::threshold,
        {.unit = "1", .range = greater_than(0), .help = "accumulated deviation that is a drift"});
    s.field("alpha", &Params::alpha,
            {.unit = "1",
             .range = {.low = 0, .high = 1, .low_open = true},
             .help = "what is kept of the accumulated deviation per sample"});
    s.field("mode", &Params::mode,
            {.help = "direction of drift looked for", .choices = {"both", "up", "down"}});
    s.field("standardize", &Params::standardize,
            {.help = "in units of the standard deviation of the first min_instances samples"});
    s.field("dialect", &Params::dialect,
            {.help = "whose Page-Hinkley", .choices = {"river", "moa", "clamped"}});
    s.check([](const Params& p) -> std::string {
      if (p.dialect == "river" || p.mode == "up") return "";
      return "mode = " + p.mode + " violates up with dialect " + p.dialect +
             ", which knows no other";
    });
    return s;
  }
};

TR_REGISTER(DetectorModel, PageHinkley, "page_hinkley",
            "cumulative deviations from the running mean",
            "Page 1954, Biometrika 41; form and defaults as river 0.26");

}  // namespace
}  // namespace tightrope
