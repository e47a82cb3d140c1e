// SPDX-License-Identifier: Apache-2.0
// HDDM_W (Frias-Blanco et al. 2015): exponentially weighted means before and after a cut, compared
// by McDiarmid's bound. A tracker holds the mean w and the sum v of the squared weights; with
// l = lambda_val and c a confidence,
//
//   w = l x + (1 - l) w   (w = x at first)        v = l^2 + (1 - l)^2 v
//   b(v, c) = sqrt(v ln(1 / c) / 2)
//   w + b(v, drift_confidence) of all samples below its least so far: the cut is here, `before` is
//   a copy of the tracker, `after` starts empty; otherwise `after` takes the sample
//   w_after - w_before > b(v_before + v_after, c)                a rise at confidence c
//
// and the mirror image for a fall. Samples are losses in [0, 1]. Statistic and threshold are the
// two sides of the last line at drift_confidence. The change is put where w of all samples last
// crossed their plain mean (Nishina 1992); the cut may lie far before. O(1). Dialects:
//   river  v is 1 before the first sample; falls are drifts too, with two_sided_test (river 0.26)
//   moa    v is 1 at the first sample; with two_sided_test a fall starts anew and says nothing, and
//          no cut for falls is made before w - b > 0 (MOA, CapyMOA, older river); takes any sample
//          >= 0, above 1 without the bound
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/detectors/hddm.h"
#include "core/detectors/rule.h"

namespace tightrope {
namespace {

struct HddmWParams : hddm::Options {
  double lambda_val = 0.05;
  std::string dialect = "river";
};

// An exponentially weighted mean.
struct Tracker {
  double samples = 0;
  double mean = 0;     // w
  double squares = 1;  // v
};

// Trackers on both sides of a cut; for falls with the signs of the means turned.
struct Cut {
  double bound = std::numeric_limits<double>::infinity();  // least w + b
  Tracker before, after;
  double squares = 0;             // v_before + v_after, and its
  double drift = 0, warning = 0;  // bounds
};

class HddmWRule {
 public:
  explicit HddmWRule(const HddmWParams& p);

  bool takes(double x) const { return hddm::takes(moa_, x); }
  [[noreturn]] void refuse(double x, std::int64_t position) const {
    hddm::refuse("hddm_w", moa_, x, position);
  }
  DetectorState accept(double x, std::int64_t position);
  void clear();
  void write(std::vector<double>& saved) const;
  void read(SavedState& saved, std::int64_t position);

 private:
  void feed(Tracker& tracker, double x) const;
  void move(Cut& cut, double sign, double x) const;
  double bound(double squares, double logarithm) const {
    return std::sqrt(squares * logarithm / 2);
  }
  hddm::Shift shift(Cut& cut, double sign) const;
  // Where the mean of all crossed; it may lie on the other side still, where the cut alone has
  // moved.
  static std::int64_t since(std::int64_t samples, std::int64_t position) {
    return position + 1 - std::max<std::int64_t>(1, samples);
  }
  void read_tracker(SavedState& saved, Tracker& tracker, std::int64_t most) const;

  bool two_sided_, moa_;
  double lambda_, kept_, lambda_square_, kept_square_;
  double drift_, warning_;  // ln(1 / c)
  Tracker all_;
  double sum_ = 0;
  std::int64_t above_ = 0, below_ = 0;  // samples since w of all crossed their mean
  double squares_ = 0, bound_ = 0;      // v of all samples for which b was computed, and b
  Cut low_, high_;
};

HddmWRule::HddmWRule(const HddmWParams& p)
    : two_sided_(p.two_sided_test),
      moa_(p.dialect == "moa"),
      lambda_(p.lambda_val),
      kept_(1 - p.lambda_val),
      lambda_square_(lambda_ * lambda_),
      kept_square_(kept_ * kept_),
      drift_(std::log(1 / p.drift_confidence)),
      warning_(std::log(1 / p.warning_confidence)) {
  clear();
}

void HddmWRule::clear() {
  all_ = {};
  sum_ = 0;
  above_ = below_ = 0;
  low_ = high_ = {};
  if (moa_) high_.bound = 0;
}

void HddmWRule::feed(Tracker& tracker, double x) const {
  constexpr double kTiny = 1e-290;  // arithmetic on denormal numbers is slow
  tracker.samples += 1;
  const bool first = tracker.samples == 1;
  const double mean = first ? x : lambda_ * x + kept_ * tracker.mean;
  tracker.mean = mean < kTiny ? 0 : mean;
  if (!first || !moa_) tracker.squares = lambda_square_ + kept_square_ * tracker.squares;
}

void HddmWRule::move(Cut& cut, double sign, double x) const {
  const double sum = sign * all_.mean + bound_;
  if (sum < cut.bound) {
    cut.bound = sum;
    cut.before = all_;
    cut.after = {};
  } else {
    feed(cut.after, x);
  }
}

// The sums of squared weights soon stand still; the roots are taken only where they moved.
hddm::Shift HddmWRule::shift(Cut& cut, double sign) const {
  if (cut.before.samples == 0 || cut.after.samples == 0) return {};
  const double squares = cut.before.squares + cut.after.squares;
  if (squares != cut.squares) {
    cut.squares = squares;
    cut.drift = bound(squares, drift_);
    cut.warning = bound(squares, warning_);
  }
  return {sign * (cut.after.mean - cut.before.mean), cut.drift, cut.warning};
}

DetectorState HddmWRule::accept(double x, std::int64_t position) {
  feed(all_, x);
  sum_ += x;
  const double level = all_.mean * all_.samples;
  above_ = (above_ + 1) & -std::int64_t{level > sum_};
  below_ = (below_ + 1) & -std::int64_t{level < sum_};
  if (all_.squares != squares_) {
    squares_ = all_.squares;
    bound_ = bound(squares_, drift_);
  }
  move(low_, 1, x);
  const hddm::Shift rise = shift(low_, 1);
  if (!two_sided_) {
    DetectorState state = hddm::judge(rise);
    if (state.direction > 0) [[unlikely]]
      state.change_time = since(above_, position);
    return state;
  }
  move(high_, -1, x);
  const hddm::Shift fall = shift(high_, -1);
  DetectorState state = hddm::judge(rise, moa_ ? hddm::Shift{} : fall);
  if (state.verdict == AlarmLevel::kDrift) [[unlikely]] {
    state.change_time = since(state.direction > 0 ? above_ : below_, position);
  } else if (moa_ && fall.drifts()) {
    clear();
  }
  return state;
}

void HddmWRule::write(std::vector<double>& saved) const {
  const auto add = [&](const Tracker& t) {
    saved.insert(saved.end(), {t.samples, t.mean, t.squares});
  };
  add(all_);
  saved.insert(saved.end(), {sum_, static_cast<double>(above_), static_cast<double>(below_)});
  for (const Cut* cut : {&low_, &high_}) {
    if (cut == &high_ && !two_sided_) break;
    saved.push_back(cut->bound);
    add(cut->before);
    add(cut->after);
  }
}

void HddmWRule::read_tracker(SavedState& saved, Tracker& tracker, std::int64_t most) const {
  tracker.samples = static_cast<double>(saved.whole(0, most));
  tracker.mean = saved.number(0, moa_ ? std::numeric_limits<double>::max() : 1);
  tracker.squares = saved.number(0, 1);
}

void HddmWRule::read(SavedState& saved, std::int64_t position) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  read_tracker(saved, all_, position);
  const auto n = static_cast<std::int64_t>(all_.samples);
  sum_ = saved.number(0, moa_ ? std::numeric_limits<double>::max() : all_.samples);
  above_ = saved.whole(0, n);
  below_ = saved.whole(0, n);
  for (Cut* cut : {&low_, &high_}) {
    if (cut == &high_ && !two_sided_) break;
    cut->bound = saved.number(-kInfinity, kInfinity);
    read_tracker(saved, cut->before, n);
    read_tracker(saved, cut->after, n - static_cast<std::int64_t>(cut->before.samples));
  }
}

class HddmW final : public RuleModel<HddmWParams, HddmWRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    hddm::add_fields(s);
    s.field("lambda_val", &Params::lambda_val,
            {.unit = "1",
             .range = between_open(0, 1),
             .help = "weight of the newest sample in the mean"});
    s.field("dialect", &Params::dialect, {.help = "whose HDDM_W", .choices = {"river", "moa"}});
    return s;
  }
};

TR_REGISTER(DetectorModel, HddmW, "hddm_w",
            "weighted means before and after a cut, by McDiarmid's bound",
            "Frias-Blanco et al. 2015, IEEE TKDE 27(3); form and defaults as river 0.26");

}  // namespace
}  // namespace tightrope
