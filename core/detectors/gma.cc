// SPDX-License-Identifier: Apache-2.0
// Geometric moving average (Roberts 1959) of the deviations from the running mean of all samples:
//
//   mean += (x - mean) / n;    U = alpha U + (1 - alpha) (x - mean),   U = 0 at the start
//
// drift when |U| > threshold, from n = min_instances on. Statistic and threshold have the unit of
// the samples. The change is put where U last had the other sign. O(1). frouros looks upwards
// alone (mode up); so does MOA, whose first test comes one sample earlier (min_instances 29). Their
// threshold is 1, beyond any change of samples in [0, 1].
#include <cmath>

#include "core/detectors/rule.h"
#include "core/detectors/since.h"

namespace tightrope {
namespace {

struct GmaParams {
  std::int64_t min_instances = 30;
  double threshold = 0.3;
  double alpha = 0.99;
  std::string mode = "both";
};

class GmaRule {
 public:
  explicit GmaRule(const GmaParams& p)
      : alpha_(p.alpha),
        threshold_(p.threshold),
        min_instances_(static_cast<double>(p.min_instances)),
        both_(p.mode == "both"),
        sign_(p.mode == "down" ? -1 : 1) {}

  DetectorState accept(double x, std::int64_t position) {
    count_ += 1;
    const double weight = 1 / count_;  // apart from the chain of means, which it would lengthen
    mean_ += (x - mean_) * weight;
    const double before = average_;
    average_ = alpha_ * average_ + (1 - alpha_) * (x - mean_);
    since_ = select(crossing_mask(before, average_), position, since_);
    DetectorState state;
    state.statistic = both_ ? std::abs(average_) : sign_ * average_;
    state.threshold = threshold_;
    if (!(state.statistic > threshold_) || count_ < min_instances_) return state;
    state.verdict = AlarmLevel::kDrift;
    state.direction = average_ > 0 ? 1 : -1;
    state.change_time = since_;
    return state;
  }
  void clear() {
    count_ = mean_ = average_ = 0;
    since_ = 0;
  }
  void write(std::vector<double>& saved) const {
    saved.insert(saved.end(), {count_, mean_, average_, static_cast<double>(since_)});
  }
  void read(SavedState& saved, std::int64_t position) {
    count_ = static_cast<double>(saved.whole(0, position));
    mean_ = saved.number();
    average_ = saved.number();
    since_ = saved.whole(0, position);
  }

 private:
  double alpha_, threshold_, min_instances_;
  bool both_;
  double sign_;  // of the one direction
  double count_ = 0, mean_ = 0, average_ = 0;
  std::int64_t since_ = 0;  // position of the first sample with the present sign
};

class Gma final : public RuleModel<GmaParams, GmaRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("min_instances", &Params::min_instances,
            {.unit = "sample", .range = between(1, 1e9), .help = "samples before the first test"});
    s.field("threshold", &Params::threshold,
            {.unit = "1", .range = greater_than(0), .help = "mean deviation that is a drift"});
    s.field(
        "alpha", &Params::alpha,
        {.unit = "1", .range = from_until(0, 1), .help = "what is kept of the average per sample"});
    s.field("mode", &Params::mode,
            {.help = "direction of drift looked for", .choices = {"both", "up", "down"}});
    return s;
  }
};

TR_REGISTER(DetectorModel, Gma, "gma", "geometric moving average of the deviations from the mean",
            "Roberts 1959, Technometrics 1(3); form as MOA and frouros");

}  // namespace
}  // namespace tightrope
