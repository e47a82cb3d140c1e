// SPDX-License-Identifier: Apache-2.0
// RDDM (Barros, Cabral, Goncalves & Santos 2017): DDM that forgets. Warning and drift are DDM's,
// p + s above the lowest p + s by standard errors, from n = warm_start on, and besides
//
//   - after a drift p and its lowest value are computed anew over the samples since the warning
//     began (over the last one where there was none), not over none;
//   - `max_num_instances_warning` warnings in a row are a drift, which keeps the last sample alone;
//   - beyond `max_concept_size` samples without a warning p, not its lowest value, is computed anew
//     over the newest `min_concept_size`; nothing is said.
//
// Samples are 0 and 1 (1 = error); only a rise is seen. Statistic and threshold are p + s and
// p_min + drift_threshold s_min, of a drift by warnings the warning's. The change is put at the
// first of the samples that are kept. O(1) amortised, memory of one bit per sample of
// min_concept_size. Form and defaults as the authors' program in MOA.
#include <algorithm>
#include <string>

#include "core/detectors/bit_ring.h"
#include "core/detectors/error_rate.h"
#include "core/detectors/loss_input.h"
#include "core/detectors/rule.h"

namespace tightrope {
namespace {

struct RddmParams {
  std::int64_t warm_start = 129;
  double warning_threshold = 1.773;
  double drift_threshold = 2.258;
  std::int64_t max_concept_size = 40000;
  std::int64_t min_concept_size = 7000;
  std::int64_t max_num_instances_warning = 1400;
};

class RddmRule {
 public:
  explicit RddmRule(const RddmParams& p)
      : warm_start_(static_cast<double>(p.warm_start)),
        longest_(static_cast<double>(p.max_concept_size)),
        longest_warning_(p.max_num_instances_warning),
        lowest_(p.warning_threshold, p.drift_threshold),
        newest_(p.min_concept_size) {}

  static bool takes(double x) { return is_error_flag(x); }
  [[noreturn]] static void refuse(double x, std::int64_t position) {
    refuse_no_flag("rddm", x, position);
  }
  DetectorState accept(double x, std::int64_t position);
  bool starts_anew() const { return false; }  // relearn() does, from what is kept
  void clear() {
    all_ = {};
    lowest_.clear();
    newest_.clear();
    warned_ = 0;
    next_ = Next::kGoOn;
  }
  void write(std::vector<double>& saved) const {
    all_.write(saved);
    lowest_.write(saved);
    saved.insert(saved.end(), {static_cast<double>(warned_), static_cast<double>(next_)});
    newest_.write(saved);
  }
  void read(SavedState& saved, std::int64_t position) {
    all_.read(saved, position);
    lowest_.read(saved, position);
    warned_ = saved.whole(0, position);
    next_ = static_cast<Next>(saved.whole(0, 2));
    newest_.read(saved, position);
  }

 private:
  // What the next sample does first.
  enum class Next { kGoOn = 0, kShorten = 1, kRelearn = 2 };

  void relearn();
  DetectorState drift(DetectorState state, std::int64_t kept, std::int64_t position);

  double warm_start_, longest_;
  std::int64_t longest_warning_;
  ErrorRate all_;
  LowestRate lowest_;
  BitRing newest_;
  std::int64_t warned_ = 0;  // warnings in a row
  Next next_ = Next::kGoOn;
};

// p over the samples that are kept, and its lowest value where that is to be found anew.
void RddmRule::relearn() {
  const bool anew = next_ == Next::kRelearn;
  if (anew) lowest_.clear();
  all_ = {};
  for (std::int64_t age = newest_.size() - 1; age >= 0; --age) {
    all_.add(newest_.newest(age) ? 1 : 0);
    if (!anew || all_.samples <= warm_start_) continue;
    const double p = all_.rate(), s = all_.deviation(p);
    if (p + s < lowest_.sum()) lowest_.set(all_, p, s);
  }
  warned_ = 0;
  next_ = Next::kGoOn;
}

DetectorState RddmRule::drift(DetectorState state, std::int64_t kept, std::int64_t position) {
  newest_.keep_newest(kept);
  next_ = Next::kRelearn;
  state.verdict = AlarmLevel::kDrift;
  state.direction = 1;
  state.change_time = position + 1 - newest_.size();
  return state;
}

DetectorState RddmRule::accept(double x, std::int64_t position) {
  if (next_ != Next::kGoOn) [[unlikely]]
    relearn();
  newest_.push(static_cast<std::int64_t>(x));
  all_.add(x);
  const double p = all_.rate(), s = all_.deviation(p);
  const bool tested = all_.samples >= warm_start_;
  if (p + s < lowest_.sum() && tested) lowest_.set(all_, p, s);
  DetectorState state;
  state.statistic = p + s;
  state.threshold = lowest_.drift_limit();
  if (!tested) return state;
  if (state.statistic > state.threshold) return drift(state, warned_ + 1, position);
  if (state.statistic > lowest_.warning_limit()) {
    if (warned_ >= longest_warning_) {
      state.threshold = lowest_.warning_limit();
      return drift(state, 1, position);
    }
    ++warned_;
    state.verdict = AlarmLevel::kWarning;
    return state;
  }
  warned_ = 0;
  if (all_.samples >= longest_) next_ = Next::kShorten;
  return state;
}

class Rddm final : public RuleModel<RddmParams, RddmRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("warm_start", &Params::warm_start,
            {.unit = "sample", .range = between(1, 1e9), .help = "samples up to the first test"});
    s.field("warning_threshold", &Params::warning_threshold,
            {.unit = "1",
             .range = greater_than(0),
             .help = "standard errors above the lowest rate that are a warning"});
    s.field("drift_threshold", &Params::drift_threshold,
            {.unit = "1",
             .range = greater_than(0),
             .help = "standard errors above the lowest rate that are a drift"});
    s.field("max_concept_size", &Params::max_concept_size,
            {.unit = "sample",
             .range = between(1, 1e9),
             .help = "samples after which the rate forgets the oldest"});
    s.field("min_concept_size", &Params::min_concept_size,
            {.unit = "sample", .range = between(1, 1e6), .help = "samples that it then keeps"});
    s.field(
        "max_num_instances_warning", &Params::max_num_instances_warning,
        {.unit = "sample", .range = between(1, 1e9), .help = "warnings in a row that are a drift"});
    s.check([](const Params& p) -> std::string {
      if (p.warning_threshold <= p.drift_threshold) return "";
      return fmt::format("warning_threshold = {} violates <= drift_threshold = {}",
                         p.warning_threshold, p.drift_threshold);
    });
    s.check([](const Params& p) -> std::string {
      if (p.min_concept_size <= p.max_concept_size) return "";
      return fmt::format("min_concept_size = {} violates <= max_concept_size = {}",
                         p.min_concept_size, p.max_concept_size);
    });
    return s;
  }
};

TR_REGISTER(DetectorModel, Rddm, "rddm", "DDM that forgets old samples and long warnings",
            "Barros, Cabral, Goncalves & Santos 2017, Expert Systems with Applications 90");

}  // namespace
}  // namespace tightrope
