// SPDX-License-Identifier: Apache-2.0
// ADWIN (Bifet & Gavalda 2007): a window of the newest samples that is cut where the means of its
// two parts differ too much: where the excess of adwin_cut.h is positive, the oldest summary of the
// window is dropped.
//
// Every clock-th sample tests every cut between two summaries, from the oldest on, until none
// differs. Cost of a sample: O(1) amortised, of a test O(log W). Statistic and threshold are the
// difference of means and its bound (unit of the samples) at the last test, for the cut of greatest
// excess; 0 and infinity before. There the change is put. Dialects:
//   river       both directions, starts anew after a drift (river 0.26)
//   moa         m + 2 samples at least on a side, says drift only when the window's mean rose,
//               keeps the window
//   short_walk  leaves the newest summary of each row out of the older part (river up to 0.21.2,
//               scikit-multiflow, frouros)
#include <cmath>
#include <string>

#include "core/detectors/adwin_cut.h"
#include "core/detectors/rule.h"

namespace tightrope {
namespace {

struct AdwinParams {
  double delta = 0.002;
  std::int64_t clock = 32;
  std::int64_t max_buckets = 5;
  std::int64_t min_window_length = 5;
  std::int64_t grace_period = 10;
  std::string dialect = "river";
  bool reset_after_drift = true;
};

class AdwinRule {
 public:
  explicit AdwinRule(const AdwinParams& p)
      : starts_anew_(p.reset_after_drift),
        clock_(p.clock),
        grace_period_(static_cast<double>(p.grace_period)),
        moa_(p.dialect == "moa"),
        test_{.delta = p.delta,
              .min_window_length = static_cast<double>(p.min_window_length),
              .shortest = static_cast<double>(p.min_window_length + (moa_ ? 2 : 0)),
              .skipped = p.dialect == "short_walk" ? 1 : 0},
        window_(static_cast<int>(p.max_buckets)) {
    clear();
  }

  DetectorState accept(double x, std::int64_t position) {
    if (moa_) mean_before_ = mean();
    window_.insert(x);
    if (++ticks_ == next_test_) {
      next_test_ += clock_;
      if (window_.width() > grace_period_) return tested(position);
    }
    return {.statistic = std::abs(shown_.difference), .threshold = shown_.bound};
  }
  bool starts_anew() const { return starts_anew_; }
  void clear() {
    window_.clear();
    ticks_ = 0;
    next_test_ = clock_;
    shown_ = {};
  }
  void write(std::vector<double>& saved) const {
    saved.insert(saved.end(), {static_cast<double>(ticks_), shown_.difference, shown_.bound});
    window_.write(saved);
  }
  void read(SavedState& saved, std::int64_t position) {
    ticks_ = saved.whole(0, position);
    next_test_ = (ticks_ / clock_ + 1) * clock_;
    shown_.difference = saved.number();
    shown_.bound = saved.number();
    window_.read(saved, ticks_);
  }

 private:
  double mean() const { return window_.width() > 0 ? window_.total() / window_.width() : 0; }
  DetectorState tested(std::int64_t position);

  bool starts_anew_;
  std::int64_t clock_;
  double grace_period_;
  bool moa_;
  AdwinTest test_;
  ExponentialHistogram window_;
  std::int64_t ticks_ = 0;  // samples since the start or the last fresh start
  std::int64_t next_test_ = 0;
  double mean_before_ = 0;
  AdwinCut shown_;
};

DetectorState AdwinRule::tested(std::int64_t position) {
  shown_ = test_.clearest(window_);
  bool shortened = false;
  for (double excess = shown_.excess; excess > 0; excess = test_.clearest(window_).excess) {
    window_.drop_oldest();
    shortened = true;
  }
  DetectorState state;
  state.statistic = std::abs(shown_.difference);
  state.threshold = shown_.bound;
  if (!shortened || (moa_ && mean() <= mean_before_)) return state;
  state.verdict = AlarmLevel::kDrift;
  state.direction = moa_ || shown_.difference > 0 ? 1 : -1;
  state.change_time = position + 1 - static_cast<std::int64_t>(shown_.newer);
  return state;
}

class Adwin final : public RuleModel<AdwinParams, AdwinRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("delta", &Params::delta,
            {.unit = "1", .range = between_open(0, 1), .help = "confidence of a cut"});
    s.field("clock", &Params::clock,
            {.unit = "sample", .range = between(1, 1e9), .help = "samples between two tests"});
    s.field("max_buckets", &Params::max_buckets,
            {.unit = "1", .range = between(2, 1000), .help = "summaries of one size"});
    s.field("min_window_length", &Params::min_window_length,
            {.unit = "sample",
             .range = between(1, 1e9),
             .help = "least length of a part of the window"});
    s.field(
        "grace_period", &Params::grace_period,
        {.unit = "sample", .range = between(0, 1e9), .help = "longest window that is not tested"});
    s.field("dialect", &Params::dialect,
            {.help = "whose ADWIN", .choices = {"river", "moa", "short_walk"}});
    s.field("reset_after_drift", &Params::reset_after_drift,
            {.help = "start anew after a drift, or keep the shortened window"});
    s.check([](const Params& p) -> std::string {
      if (p.dialect != "moa" || !p.reset_after_drift) return "";
      return "reset_after_drift = true violates false with dialect moa, which keeps its window";
    });
    return s;
  }
};

TR_REGISTER(DetectorModel, Adwin, "adwin",
            "a window that is cut where the means of its parts differ",
            "Bifet & Gavalda 2007, SDM; form and defaults as river 0.26");

}  // namespace
}  // namespace tightrope
