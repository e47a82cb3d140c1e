// SPDX-License-Identifier: Apache-2.0
// The chart of an exponentially weighted moving average (Roberts 1959),
//
//   z += alpha (x - z)
//   drift when |z - m| > threshold s sqrt(alpha / (2 - alpha) (1 - (1 - alpha)^(2 n)))
//
// Statistic and threshold, the two sides, have the unit of the samples. The change is put where
// z - m last had the other sign. O(1). Dialects:
//   river    m is the mean of all n samples, s^2 their exponentially weighted variance
//            v = (1 - alpha) (v + alpha (x - z)^2), z begins at the first sample; tested from
//            n = min_instances on. m and s follow a change, so a slow one is missed
//   roberts  m and s are those of the first min_instances samples or given, and stay; z begins at m
//            and n counts from the last of them. With m and s given, alpha 0.5 and threshold 3.071:
//            ARL0 = 500 (Lucas & Saccucci 1990)
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/detectors/chart_options.h"
#include "core/detectors/reference_law.h"
#include "core/detectors/rule.h"
#include "core/detectors/since.h"

namespace tightrope {
namespace {

struct EwmaParams : ChartParams {
  double alpha = 0.1;
  double threshold = 4;
  std::string dialect = "river";
};

class EwmaRule {
 public:
  explicit EwmaRule(const EwmaParams& p)
      : alpha_(p.alpha),
        fade_((1 - p.alpha) * (1 - p.alpha)),
        width_(p.threshold * std::sqrt(p.alpha / (2 - p.alpha))),
        min_instances_(static_cast<double>(p.min_instances)),
        roberts_(p.dialect == "roberts"),
        both_(p.mode == "both"),
        direction_(p.mode == "down" ? -1 : 1),
        law_(p.min_instances, p.mean, p.deviation) {}

  DetectorState accept(double x, std::int64_t position) {
    return roberts_ ? accept_frozen(x, position) : accept_running(x, position);
  }
  void clear() {
    law_.clear();
    count_ = mean_ = average_ = variance_ = 0;
    decay_ = 1;
    since_ = 0;
    deviation_ = 0;
  }
  void write(std::vector<double>& saved) const;
  void read(SavedState& saved, std::int64_t position);

 private:
  DetectorState accept_running(double x, std::int64_t position);
  DetectorState accept_frozen(double x, std::int64_t position);
  DetectorState judge(double deviation, double scale, bool tested, std::int64_t position);
  // 1 - (1 - alpha)^(2 n) one sample on.
  double warm_up() {
    decay_ = decay_ > 1e-30 ? decay_ * fade_ : 0;  // below it no bit of 1 - decay changes
    return 1 - decay_;
  }

  double alpha_, fade_, width_, min_instances_;
  bool roberts_, both_;
  double direction_;  // the one that is looked for
  ReferenceLaw law_;
  double count_ = 0, mean_ = 0, average_ = 0, variance_ = 0;
  double decay_ = 1;        // (1 - alpha)^(2 n)
  std::int64_t since_ = 0;  // position of the first sample with the present sign of z - m
  double deviation_ = 0;    // z - m
};

DetectorState EwmaRule::accept_running(double x, std::int64_t position) {
  count_ += 1;
  const double weight = 1 / count_;  // apart from the chain of means, which it would lengthen
  mean_ += (x - mean_) * weight;
  const double surprise = count_ > 1 ? x - average_ : 0;
  average_ = count_ > 1 ? average_ + alpha_ * surprise : x;
  variance_ = (1 - alpha_) * (variance_ + alpha_ * surprise * surprise);
  const double scale = std::sqrt(variance_ * warm_up());
  return judge(average_ - mean_, scale, count_ >= min_instances_, position);
}

DetectorState EwmaRule::accept_frozen(double x, std::int64_t position) {
  if (!law_.known(x)) {
    DetectorState state;
    state.threshold = std::numeric_limits<double>::infinity();
    return state;
  }
  average_ += alpha_ * (x - law_.mean() - average_);  // of x - m
  return judge(average_, law_.deviation() * std::sqrt(warm_up()), true, position);
}

DetectorState EwmaRule::judge(double deviation, double scale, bool tested, std::int64_t position) {
  since_ = select(crossing_mask(deviation_, deviation), position, since_);
  deviation_ = deviation;
  DetectorState state;
  state.statistic = both_ ? std::abs(deviation) : direction_ * deviation;
  state.threshold = width_ * scale;
  if (!(state.statistic > state.threshold) || !tested) return state;
  state.verdict = AlarmLevel::kDrift;
  state.direction = deviation > 0 ? 1 : -1;
  state.change_time = since_;
  return state;
}

void EwmaRule::write(std::vector<double>& saved) const {
  law_.write(saved);
  saved.insert(saved.end(), {count_, mean_, average_, variance_, decay_,
                             static_cast<double>(since_), deviation_});
}

void EwmaRule::read(SavedState& saved, std::int64_t position) {
  law_.read(saved, position);
  count_ = static_cast<double>(saved.whole(0, position));
  for (double* value : {&mean_, &average_, &variance_, &decay_}) *value = saved.number();
  since_ = saved.whole(0, position);
  deviation_ = saved.number();
}

class Ewma final : public RuleModel<EwmaParams, EwmaRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("alpha", &Params::alpha,
            {.unit = "1",
             .range = {.low = 0, .high = 1, .low_open = true},
             .help = "weight of the newest sample"});
    s.field("threshold", &Params::threshold,
            {.unit = "1",
             .range = greater_than(0),
             .help = "half width in standard deviations of the average"});
    add_chart_fields(s);
    s.field("dialect", &Params::dialect, {.help = "whose chart", .choices = {"river", "roberts"}});
    s.check([](const Params& p) -> std::string {
      if (p.dialect == "roberts" || !p.mean) return "";
      return "mean = " + std::to_string(*p.mean) + " violates null with dialect river";
    });
    return s;
  }
};

TR_REGISTER(DetectorModel, Ewma, "ewma", "exponentially weighted mean against its control limits",
            "Roberts 1959, Technometrics 1(3); form and defaults as river's development");

}  // namespace
}  // namespace tightrope
