// SPDX-License-Identifier: Apache-2.0
// STEPD (Nishida & Yamauchi 2007): the error rate of the newest `window_size` samples against that
// of all older ones, by the test of equal proportions with continuity correction. With p the rate
// of both together and S = 1 / n_old + 1 / n_new,
//
//   z = (p_new - p_old - S / 2) / sqrt(p (1 - p) S)
//
// once n_old >= window_size; drift where the normal tail beyond z is less than alpha_drift, warning
// where it is less than alpha_warning. two_sided_test takes |p_new - p_old| and twice the tail.
// Samples are 0 and 1 (1 = error). Statistic and threshold are z and the quantile of alpha_drift.
// The change is put at the first of the newest samples. O(1). Dialects:
//   paper  as above
//   moa    two-sided, and |z|: a difference far smaller than its correction also counts, so that
//          streams with next to no errors alarm (MOA)
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>
#include <string>

#include "core/detectors/bit_ring.h"
#include "core/detectors/error_rate.h"
#include "core/detectors/loss_input.h"
#include "core/detectors/rule.h"

namespace tightrope {
namespace {

struct StepdParams {
  std::int64_t window_size = 30;
  double alpha_drift = 0.003;
  double alpha_warning = 0.05;
  bool two_sided_test = false;
  std::string dialect = "paper";
};

// z beyond which the tail, or both tails, have probability alpha.
double quantile(double alpha, bool two_sided) {
  const boost::math::normal normal;
  return boost::math::quantile(boost::math::complement(normal, two_sided ? alpha / 2 : alpha));
}

class StepdRule {
 public:
  explicit StepdRule(const StepdParams& p)
      : two_sided_(p.two_sided_test),
        moa_(p.dialect == "moa"),
        window_(static_cast<double>(p.window_size)),
        drift_(quantile(p.alpha_drift, p.two_sided_test)),
        warning_(quantile(p.alpha_warning, p.two_sided_test)),
        calm_(warning_ > 0 ? 0.999 * warning_ * warning_ : 0),
        newest_(p.window_size) {}

  static bool takes(double x) { return is_error_flag(x); }
  [[noreturn]] static void refuse(double x, std::int64_t position) {
    refuse_no_flag("stepd", x, position);
  }
  DetectorState accept(double x, std::int64_t position);
  void clear() {
    newest_.clear();
    errors_ = 0;
    older_ = {};
  }
  void write(std::vector<double>& saved) const {
    newest_.write(saved);
    older_.write(saved);
  }
  void read(SavedState& saved, std::int64_t position) {
    newest_.read(saved, position);
    errors_ = static_cast<double>(newest_.ones(newest_.size()));
    older_.read(saved, newest_.full() ? position - newest_.size() : 0);
  }

 private:
  // 0 where no or every sample is an error; without end in MOA's dialect.
  double z(double excess, double count, double variance) const {
    if (variance == 0 && !moa_) return 0;
    return excess * count / std::sqrt(variance * count);
  }

  bool two_sided_, moa_;
  double window_, drift_, warning_;
  double calm_;  // surely no warning below this square of z
  BitRing newest_;
  double errors_ = 0;  // among the newest
  ErrorRate older_;
};

DetectorState StepdRule::accept(double x, std::int64_t position) {
  const std::int64_t before = newest_.size();
  const auto oldest = static_cast<double>(newest_.push(static_cast<std::int64_t>(x)));
  errors_ += x - oldest;
  older_.samples += static_cast<double>(before + 1 - newest_.size());
  older_.errors += oldest;
  DetectorState state;
  state.threshold = drift_;
  if (older_.samples < window_) return state;
  // z multiplied out: with both counts, `excess` over the root of `variance / count`.
  const double count = older_.samples + window_, errors = older_.errors + errors_;
  const double difference = errors_ * older_.samples - older_.errors * window_;
  const double distance = (two_sided_ ? std::abs(difference) : difference) - count / 2;
  const double excess = moa_ ? std::abs(distance) : distance;
  const double variance = errors * (count - errors) * (older_.samples * window_);
  // The test without its root, which is kept for what comes near. At or below 0 there is no alarm
  // either: one question for both, since the sign of the excess is hard to predict.
  if (excess * std::abs(excess) * count <= calm_ * variance) [[likely]] {
    state.statistic = z(excess, count, variance);
    return state;
  }
  state.statistic = z(excess, count, variance);
  if (state.statistic <= warning_) return state;
  if (state.statistic <= drift_) {
    state.verdict = AlarmLevel::kWarning;
    return state;
  }
  state.verdict = AlarmLevel::kDrift;
  state.direction = difference >= 0 ? 1 : -1;
  state.change_time = position + 1 - newest_.size();
  return state;
}

class Stepd final : public RuleModel<StepdParams, StepdRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field(
        "window_size", &Params::window_size,
        {.unit = "sample", .range = between(1, 1e6), .help = "newest samples that are compared"});
    s.field("alpha_drift", &Params::alpha_drift,
            {.unit = "1", .range = between_open(0, 1), .help = "tail probability of a drift"});
    s.field("alpha_warning", &Params::alpha_warning,
            {.unit = "1", .range = between_open(0, 1), .help = "tail probability of a warning"});
    s.field("two_sided_test", &Params::two_sided_test,
            {.help = "look for falls of the error rate too, not for rises alone"});
    s.field("dialect", &Params::dialect, {.help = "whose STEPD", .choices = {"paper", "moa"}});
    s.check([](const Params& p) -> std::string {
      if (p.alpha_drift <= p.alpha_warning) return "";
      return fmt::format("alpha_warning = {} violates >= alpha_drift = {}", p.alpha_warning,
                         p.alpha_drift);
    });
    s.check([](const Params& p) -> std::string {
      if (p.dialect != "moa" || p.two_sided_test) return "";
      return "two_sided_test = false violates true with dialect moa, which knows no other";
    });
    return s;
  }
};

TR_REGISTER(DetectorModel, Stepd, "stepd",
            "the newest error rate against the older one, by a test of equal proportions",
            "Nishida & Yamauchi 2007, Discovery Science; defaults as MOA");

}  // namespace
}  // namespace tightrope
