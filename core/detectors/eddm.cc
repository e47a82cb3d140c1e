// SPDX-License-Identifier: Apache-2.0
// EDDM (Baena-Garcia et al. 2006): the distances between errors, which shrink when errors become
// more frequent. After k errors in n samples, with m and v the mean and variance of the distances,
//
//   q = m + 2 sqrt(v)          q > q_max (n > warm_start) makes it q_max, otherwise
//   q / q_max < alpha          warning
//   q / q_max < beta           drift                        once k > warm_start
//
// tested at errors; a warning lasts to the next error. Samples are 0 and 1 (1 = error). Statistic
// and threshold are 1 - q / q_max, the loss of distance, and 1 - beta. The change is put at the
// error where the unbroken warnings before the drift began, as the authors do. O(1). Dialects:
//   river  v divides by k - 1
//   moa    v divides by k, q_max from n = warm_start on; the next error that makes a q_max ends a
//          warning (MOA, frouros, scikit-multiflow, older river)
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/detectors/loss_input.h"
#include "core/detectors/rule.h"

namespace tightrope {
namespace {

struct EddmParams {
  std::int64_t warm_start = 30;
  double alpha = 0.95;
  double beta = 0.9;
  std::string dialect = "river";
};

class EddmRule {
 public:
  explicit EddmRule(const EddmParams& p)
      : moa_(p.dialect == "moa"),
        warm_start_(static_cast<double>(p.warm_start)),
        alpha_(p.alpha),
        beta_(p.beta) {
    shown_.threshold = 1 - beta_;
  }

  static bool takes(double x) { return is_error_flag(x); }
  [[noreturn]] static void refuse(double x, std::int64_t position) {
    refuse_no_flag("eddm", x, position);
  }
  DetectorState accept(double x, std::int64_t position) {
    samples_ += 1;
    if (x == 1) return take_error(position);
    return shown_;
  }
  void clear() {
    samples_ = last_error_ = errors_ = mean_ = squares_ = warned_at_ = 0;
    longest_ = -1;
    shown_ = {.threshold = 1 - beta_};
  }
  void write(std::vector<double>& saved) const {
    saved.insert(saved.end(), {samples_, last_error_, errors_, mean_, squares_, longest_,
                               warned_at_, shown_.statistic});
  }
  void read(SavedState& saved, std::int64_t position);

 private:
  DetectorState take_error(std::int64_t position);
  void warn(bool now) {
    shown_.verdict = now ? AlarmLevel::kWarning : AlarmLevel::kNone;
    warned_at_ = !now ? 0 : warned_at_ > 0 ? warned_at_ : samples_;
  }
  double deviation() const {
    const double count = errors_ - (moa_ ? 0 : 1);
    return count > 0 ? std::sqrt(squares_ / count) : 0;
  }

  bool moa_;
  double warm_start_, alpha_, beta_;
  double samples_ = 0, last_error_ = 0;  // n and that of the last error
  double errors_ = 0, mean_ = 0, squares_ = 0;
  double longest_ = -1;   // q_max
  double warned_at_ = 0;  // n of the first of the unbroken warnings, 0 without them
  DetectorState shown_;   // none or warning, with the statistic
};

DetectorState EddmRule::take_error(std::int64_t position) {
  errors_ += 1;
  const double distance = samples_ - last_error_, before = mean_;
  last_error_ = samples_;
  mean_ += (distance - mean_) / errors_;
  squares_ += (distance - before) * (distance - mean_);
  if (samples_ + (moa_ ? 1 : 0) <= warm_start_) return shown_;
  const double q = mean_ + 2 * deviation();
  if (q > longest_) {
    longest_ = q;
    shown_.statistic = 0;
    if (moa_) warn(false);
    return shown_;
  }
  const double level = q / longest_;
  shown_.statistic = 1 - level;
  if (errors_ <= warm_start_) return shown_;
  warn(level < alpha_);
  DetectorState state = shown_;
  if (level >= beta_) return state;
  state.verdict = AlarmLevel::kDrift;
  state.direction = 1;
  state.change_time = position - static_cast<std::int64_t>(samples_ - warned_at_);
  return state;
}

void EddmRule::read(SavedState& saved, std::int64_t position) {
  const std::int64_t samples = saved.whole(0, position);
  const std::int64_t last_error = saved.whole(0, samples);
  samples_ = static_cast<double>(samples);
  last_error_ = static_cast<double>(last_error);
  errors_ = static_cast<double>(saved.whole(last_error > 0 ? 1 : 0, last_error));
  mean_ = saved.number(0, samples_);
  squares_ = saved.number(0, samples_ * samples_ * samples_);
  longest_ = saved.number(-1, 3 * samples_ * samples_);
  warned_at_ = static_cast<double>(saved.whole(0, last_error));
  shown_.statistic = saved.number(0, 1);
  shown_.verdict = warned_at_ > 0 ? AlarmLevel::kWarning : AlarmLevel::kNone;
}

class Eddm final : public RuleModel<EddmParams, EddmRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("warm_start", &Params::warm_start,
            {.unit = "error",
             .range = between(0, 1e9),
             .help = "errors, and samples, before the first test"});
    s.field("alpha", &Params::alpha,
            {.unit = "1",
             .range = between_open(0, 1),
             .help = "part of the longest distance below which is a warning"});
    s.field("beta", &Params::beta,
            {.unit = "1",
             .range = between_open(0, 1),
             .help = "part of the longest distance below which is a drift"});
    s.field("dialect", &Params::dialect, {.help = "whose EDDM", .choices = {"river", "moa"}});
    s.check([](const Params& p) -> std::string {
      if (p.beta <= p.alpha) return "";
      return fmt::format("alpha = {} violates >= beta = {}", p.alpha, p.beta);
    });
    return s;
  }
};

TR_REGISTER(DetectorModel, Eddm, "eddm", "distances between errors that shrink",
            "Baena-Garcia et al. 2006, IWKDDS; form and defaults as river 0.26");

}  // namespace
}  // namespace tightrope
