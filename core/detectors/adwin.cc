// SPDX-License-Identifier: Apache-2.0
// ADWIN (Bifet & Gavalda 2007): a window of the newest samples that is cut where the means of its
// two parts differ too much. With n0 older and n1 newer samples of W, Q their sum of squares about
// the mean and m = min_window_length,
//
//   d = ln(2 ln(W) / delta)    r = 1 / (n0 - m + 1) + 1 / (n1 - m + 1)
//   |mean1 - mean0| > sqrt(2 r (Q / W) d) + (2/3) d r    drops the oldest summary of the window
//
// Every clock-th sample tests every cut between two summaries, from the oldest on, until none
// differs. Cost of a sample: O(1) amortised, of a test O(log W). Statistic and threshold are the
// two sides above (unit of the samples) at the last test, for the cut whose left side exceeds the
// right most; 0 and infinity before. There the change is put. Dialects:
//   river       both directions, starts anew after a drift (river 0.26)
//   moa         m + 2 samples at least on a side, says drift only when the window's mean rose,
//               keeps the window
//   short_walk  leaves the newest summary of each row out of the older part (river up to 0.21.2,
//               scikit-multiflow, frouros)
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/detectors/exponential_histogram.h"
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

// A division of the window, judged.
struct Cut {
  double difference = 0;  // mean of the newer part less that of the older
  double bound = std::numeric_limits<double>::infinity();
  double newer = 0;  // samples in the newer part

  double excess() const { return std::abs(difference) - bound; }
};

class AdwinRule {
 public:
  explicit AdwinRule(const AdwinParams& p)
      : starts_anew_(p.reset_after_drift),
        delta_(p.delta),
        clock_(p.clock),
        grace_period_(static_cast<double>(p.grace_period)),
        min_window_length_(static_cast<double>(p.min_window_length)),
        moa_(p.dialect == "moa"),
        skipped_(p.dialect == "short_walk" ? 1 : 0),
        shortest_(min_window_length_ + (moa_ ? 2 : 0)),
        window_(static_cast<int>(p.max_buckets)) {}

  DetectorState accept(double x, std::int64_t position);
  bool starts_anew() const { return starts_anew_; }
  void clear() {
    window_.clear();
    ticks_ = 0;
    shown_ = {};
  }
  void write(std::vector<double>& saved) const {
    saved.insert(saved.end(), {static_cast<double>(ticks_), shown_.difference, shown_.bound});
    window_.write(saved);
  }
  void read(SavedState& saved, std::int64_t position) {
    ticks_ = saved.whole(0, position);
    shown_.difference = saved.number();
    shown_.bound = saved.number();
    window_.read(saved, ticks_);
  }

 private:
  double mean() const { return window_.width() > 0 ? window_.total() / window_.width() : 0; }
  Cut clearest_cut() const;

  bool starts_anew_;
  double delta_;
  std::int64_t clock_;
  double grace_period_, min_window_length_;
  bool moa_;
  int skipped_;      // newest summaries of a row that the walk leaves out
  double shortest_;  // samples on a side of a cut
  ExponentialHistogram window_;
  std::int64_t ticks_ = 0;  // samples since the start or the last fresh start
  Cut shown_;
};

// The cut of greatest excess.
Cut AdwinRule::clearest_cut() const {
  const double width = window_.width();
  const double d = std::log(2 * std::log(width) / delta_);
  // Rounding may leave a tiny negative sum, whose root would be no number.
  const double variance = std::max(0.0, window_.squares() / width);
  Cut clearest;
  double n0 = 0, u0 = 0;
  for (int row = window_.rows() - 1; row >= 0; --row) {
    const int newest = row == 0 ? 1 : 0;  // behind the newest summary of all nothing is left
    const int count = window_.count(row) - std::max(skipped_, newest);
    for (int k = 0; k < count; ++k) {
      n0 += ExponentialHistogram::size(row);
      u0 += window_.at(row, k).total;
      const double n1 = width - n0, u1 = window_.total() - u0;
      if (n0 < shortest_ || n1 < shortest_) continue;
      const double r = 1 / (n0 - min_window_length_ + 1) + 1 / (n1 - min_window_length_ + 1);
      const Cut cut{u1 / n1 - u0 / n0, std::sqrt(2 * r * variance * d) + 2.0 / 3 * d * r, n1};
      if (cut.excess() > clearest.excess()) clearest = cut;
    }
  }
  return clearest;
}

DetectorState AdwinRule::accept(double x, std::int64_t position) {
  const double mean_before = mean();
  window_.insert(x);
  ++ticks_;
  bool shortened = false;
  if (ticks_ % clock_ == 0 && window_.width() > grace_period_) {
    shown_ = clearest_cut();
    for (Cut cut = shown_; cut.excess() > 0; cut = clearest_cut()) {
      window_.drop_oldest();
      shortened = true;
    }
  }
  DetectorState state;
  state.statistic = std::abs(shown_.difference);
  state.threshold = shown_.bound;
  if (!shortened || (moa_ && mean() <= mean_before)) return state;
  state.verdict = Verdict::kDrift;
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
