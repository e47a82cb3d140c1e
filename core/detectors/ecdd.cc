// SPDX-License-Identifier: Apache-2.0
// ECDD (Ross, Adams, Tasoulis & Hand 2012): an exponentially weighted chart of the error rate. With
// p the rate of all n samples, l = lambda_val and z = 0 at first,
//
//   z = (1 - l) z + l x          s = sqrt(p (1 - p) l / (2 - l) (1 - (1 - l)^(2 n)))
//   z > p + L(p) s               drift
//   z > p + warning_level L(p) s   warning
//
// from n = warm_start on. L is the paper's polynomial of degree 7 for average_run_length samples to
// a false drift at l = 0.2. Measured, that of 400 gives 290 at p = 0.05 and 360 to 415 at 0.1 to
// 0.4, and from 0.5 on it never alarms; those of 100 and 1000, here as they are printed, are off:
// 99 to 36, and 65 to 580, at 0.05 to 0.4. Samples are 0 and 1 (1 = error); only a rise is seen.
// Statistic and threshold are z - p and L(p) s. The change is put where z last crossed p upwards
// (Nishina 1992). O(1). The polynomials of 100 and 1000 are below 0 for p in .39 to .50 and from
// .48 on: no limit. Dialects:
//   paper  as above; where L <= 0 nothing is said
//   moa    warnings from n = warm_start - 1 on; a negative L is used as it is, which alarms always
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "core/detectors/error_rate.h"
#include "core/detectors/loss_input.h"
#include "core/detectors/rule.h"

namespace tightrope {
namespace {

struct EcddParams {
  double lambda_val = 0.2;
  std::int64_t average_run_length = 400;
  double warning_level = 0.5;
  std::int64_t warm_start = 30;
  std::string dialect = "paper";
};

// Coefficients of 1, p, p^3, p^5, p^7.
using Polynomial = std::array<double, 5>;
constexpr Polynomial kRun100 = {2.76, -6.23, 18.12, -312.45, 1002.18};
constexpr Polynomial kRun400 = {3.97, -6.56, 48.73, -330.13, 848.18};
constexpr Polynomial kRun1000 = {1.17, 7.56, -21.24, 112.12, -987.23};

class EcddRule {
 public:
  explicit EcddRule(const EcddParams& p)
      : lambda_(p.lambda_val),
        kept_(1 - p.lambda_val),
        kept_square_(kept_ * kept_),
        widest_(p.lambda_val / (2 - p.lambda_val)),
        warning_level_(p.warning_level),
        first_drift_(static_cast<double>(p.warm_start)),
        first_(first_drift_ - (p.dialect == "moa" ? 1 : 0)),
        least_limit_(p.dialect == "moa" ? -std::numeric_limits<double>::infinity() : 0),
        limit_(p.average_run_length == 100   ? kRun100
               : p.average_run_length == 400 ? kRun400
                                             : kRun1000) {}

  static bool takes(double x) { return is_error_flag(x); }
  [[noreturn]] static void refuse(double x, std::int64_t position) {
    refuse_no_flag("ecdd", x, position);
  }
  static constexpr bool kOften = true;
  DetectorState accept(double x, std::int64_t position) {
    move(x);
    return say(position);
  }
  void clear() {
    all_ = {};
    chart_ = 0;
    decay_ = 1;
    spread_ = 0;
    above_ = 0;
  }
  void write(std::vector<double>& saved) const {
    all_.write(saved);
    saved.insert(saved.end(), {chart_, decay_, static_cast<double>(above_)});
  }
  void read(SavedState& saved, std::int64_t position) {
    all_.read(saved, position);
    chart_ = saved.number(0, 1);
    decay_ = saved.number(0, 1);
    spread_ = widest_ * (1 - decay_);
    above_ = saved.whole(0, static_cast<std::int64_t>(all_.samples));
  }

 private:
  void move(double x);
  DetectorState say(std::int64_t position) const;
  double limit(double p) const {
    const double q = p * p;
    return limit_[0] + p * (limit_[1] + q * (limit_[2] + q * (limit_[3] + q * limit_[4])));
  }

  void widen();
  double lambda_, kept_, kept_square_;
  double widest_;  // l / (2 - l)
  double warning_level_;
  double first_drift_, first_;  // n of the first drift and of the first warning
  double least_limit_;          // L below it is taken for infinite
  Polynomial limit_;
  ErrorRate all_;
  double chart_ = 0;        // z
  double decay_ = 1;        // (1 - l)^(2 n), 0 where 1 - decay is 1
  double spread_ = 0;       // l / (2 - l) (1 - decay)
  std::int64_t above_ = 0;  // samples since z crossed p upwards
};

void EcddRule::widen() {
  decay_ *= kept_square_;
  if (decay_ < 1e-17) decay_ = 0;
  spread_ = widest_ * (1 - decay_);
}

void EcddRule::move(double x) {
  constexpr double kTiny = 1e-290;  // arithmetic on denormal numbers is slow
  all_.add(x);
  const double chart = lambda_ * x + kept_ * chart_;
  chart_ = chart < kTiny ? 0 : chart;
  if (decay_ > 0) [[unlikely]]
    widen();
  above_ = (above_ + 1) & -std::int64_t{chart_ > all_.rate()};  // no branch: hard to predict
}

DetectorState EcddRule::say(std::int64_t position) const {
  const double p = all_.rate();
  DetectorState state;
  state.statistic = chart_ - p;
  const double l = limit(p);
  state.threshold = l > least_limit_ ? l * std::sqrt(p * (1 - p) * spread_)
                                     : std::numeric_limits<double>::infinity();
  const bool warns =
      (state.statistic > warning_level_ * state.threshold) & (all_.samples >= first_);
  state.verdict = static_cast<AlarmLevel>(warns);  // no branch: it is hard to predict
  if (warns & (state.statistic > state.threshold) & (all_.samples >= first_drift_)) [[unlikely]] {
    state.verdict = AlarmLevel::kDrift;
    state.direction = 1;
    state.change_time = position + 1 - std::max<std::int64_t>(1, above_);  // 0: moa, below p
  }
  return state;
}

class Ecdd final : public RuleModel<EcddParams, EcddRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("lambda_val", &Params::lambda_val,
            {.unit = "1",
             .range = between_open(0, 1),
             .help = "weight of the newest sample in the chart"});
    s.field("average_run_length", &Params::average_run_length,
            {.unit = "sample",
             .range = between(100, 1000),
             .help = "samples to a false drift as published: 100, 400 or 1000; only 400 holds"});
    s.field("warning_level", &Params::warning_level,
            {.unit = "1",
             .range = between_open(0, 1),
             .help = "part of the control limit that is a warning"});
    s.field("warm_start", &Params::warm_start,
            {.unit = "sample", .range = between(1, 1e9), .help = "samples up to the first test"});
    s.field("dialect", &Params::dialect, {.help = "whose ECDD", .choices = {"paper", "moa"}});
    s.check([](const Params& p) -> std::string {
      const std::int64_t run = p.average_run_length;
      if (run == 100 || run == 400 || run == 1000) return "";
      return fmt::format("average_run_length = {} violates 100, 400 or 1000", run);
    });
    return s;
  }
};

TR_REGISTER(DetectorModel, Ecdd, "ecdd", "an exponentially weighted chart of the error rate",
            "Ross, Adams, Tasoulis & Hand 2012, Pattern Recognition Letters 33(2)");

}  // namespace
}  // namespace tightrope
