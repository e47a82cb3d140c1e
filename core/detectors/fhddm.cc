// SPDX-License-Identifier: Apache-2.0
// FHDDM (Pesaranghader & Viktor 2016): the mean u of the newest `sliding_window_size` samples
// against its greatest value since the start,
//
//   u_max - u > sqrt(ln(1 / confidence_level) / (2 sliding_window_size))      drift
//
// once the window is full; with `short_window_size` the same test of the newest samples of the long
// window too (stacking FHDDM, Pesaranghader, Viktor & Paquet 2018). Samples are 0 and 1. Statistic
// and threshold are the two sides above, of the window that drifts or is nearest to it. The change
// is put where the samples behind it fall short of (u_max + u) / 2 most. There is no warning. O(1).
// Dialects:
//   river  u is the mean of the samples, so a drift is a fall (river 0.26, whose FHDDM takes 1 for
//          an error and yet alarms when errors become fewer)
//   paper  u is the mean of 1 - sample, the accuracy where 1 is an error, so a drift is a rise
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "core/detectors/bit_ring.h"
#include "core/detectors/loss_input.h"
#include "core/detectors/rule.h"

namespace tightrope {
namespace {

struct FhddmParams {
  std::int64_t sliding_window_size = 100;
  double confidence_level = 0.000001;
  std::optional<std::int64_t> short_window_size;
  std::string dialect = "river";
};

// The ones among the newest `length` samples, with their greatest number.
struct Peak {
  std::int64_t length = 0;
  double bound = 0;
  std::int64_t calm = 0;  // surely no drift while at most so many ones are lost
  std::int64_t ones = 0;
  std::int64_t most = 0;

  Peak(std::int64_t window, double confidence)
      : length(window),
        bound(std::sqrt(std::log(1 / confidence) / (2 * static_cast<double>(window)))),
        calm(static_cast<std::int64_t>(bound * static_cast<double>(window)) - 1) {}
  void clear() { ones = most = 0; }
  void compare() { most = std::max(most, ones); }
  bool is_calm() const { return most - ones <= calm; }
  double drop() const {
    const auto n = static_cast<double>(length);
    return static_cast<double>(most) / n - static_cast<double>(ones) / n;
  }
};

class FhddmRule {
 public:
  explicit FhddmRule(const FhddmParams& p)
      : counted_(p.dialect == "paper" ? 0 : 1),
        direction_(p.dialect == "paper" ? 1 : -1),
        stacked_(p.short_window_size.has_value()),
        ring_(p.sliding_window_size),
        long_(p.sliding_window_size, p.confidence_level),
        short_(p.short_window_size.value_or(p.sliding_window_size), p.confidence_level) {}

  static bool takes(double x) { return is_error_flag(x); }
  [[noreturn]] static void refuse(double x, std::int64_t position) {
    refuse_no_flag("fhddm", x, position);
  }
  DetectorState accept(double x, std::int64_t position);
  void clear() {
    ring_.clear();
    long_.clear();
    short_.clear();
  }
  void write(std::vector<double>& saved) const {
    ring_.write(saved);
    for (const Peak* peak : {&long_, &short_}) {
      saved.push_back(static_cast<double>(peak->most));
    }
  }
  void read(SavedState& saved, std::int64_t position) {
    ring_.read(saved, position);
    for (Peak* peak : {&long_, &short_}) {
      peak->ones = ring_.ones(std::min(peak->length, ring_.size()));
      peak->most = saved.whole(0, peak->length);
    }
  }

 private:
  std::int64_t since_change(const Peak& peak) const;
  const Peak& nearest(DetectorState& state) const;

  double counted_;
  int direction_;
  bool stacked_;
  BitRing ring_;
  Peak long_, short_;
};

// Without a verdict: statistic and threshold of the window that is nearer to its threshold.
const Peak& FhddmRule::nearest(DetectorState& state) const {
  const double drop = long_.drop(), short_drop = short_.drop();
  const bool brief = stacked_ && short_drop - short_.bound > drop - long_.bound;
  state.statistic = brief ? short_drop : drop;
  state.threshold = brief ? short_.bound : long_.bound;
  return brief ? short_ : long_;
}

// Samples since the change as estimated: back from the newest, the greatest sum of what they lack.
std::int64_t FhddmRule::since_change(const Peak& peak) const {
  const double middle =
      static_cast<double>(peak.most + peak.ones) / (2 * static_cast<double>(peak.length));
  double lack = 0, most = 0;
  std::int64_t since = 0;
  for (std::int64_t age = 0; age < ring_.size(); ++age) {
    lack += middle - (ring_.newest(age) ? 1 : 0);
    if (lack <= most) continue;
    most = lack;
    since = age + 1;
  }
  return since;
}

DetectorState FhddmRule::accept(double x, std::int64_t position) {
  const std::int64_t bit = x == counted_ ? 1 : 0;
  if (stacked_) {
    const bool left = ring_.size() >= short_.length && ring_.newest(short_.length - 1);
    short_.ones += bit - std::int64_t{left};
  }
  long_.ones += bit - ring_.push(bit);
  DetectorState state;
  state.threshold = long_.bound;
  if (!ring_.full()) return state;
  long_.compare();
  if (stacked_) short_.compare();
  if (long_.is_calm() && (!stacked_ || short_.is_calm())) [[likely]] {
    nearest(state);
    return state;
  }
  const Peak& peak = nearest(state);
  if (state.statistic <= state.threshold) return state;
  state.verdict = AlarmLevel::kDrift;
  state.direction = direction_;
  state.change_time = position + 1 - since_change(peak);
  return state;
}

class Fhddm final : public RuleModel<FhddmParams, FhddmRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("sliding_window_size", &Params::sliding_window_size,
            {.unit = "sample", .range = between(1, 1e6), .help = "length of the window"});
    s.field("confidence_level", &Params::confidence_level,
            {.unit = "1",
             .range = between_open(0, 1),
             .help = "probability of a false drift at one test"});
    s.field("short_window_size", &Params::short_window_size,
            {.unit = "sample",
             .range = between(1, 1e6),
             .help = "length of a second, shorter window; without it there is one"});
    s.field("dialect", &Params::dialect, {.help = "whose FHDDM", .choices = {"river", "paper"}});
    s.check([](const Params& p) -> std::string {
      if (p.short_window_size.value_or(0) <= p.sliding_window_size) return "";
      return fmt::format("short_window_size = {} violates <= sliding_window_size = {}",
                         *p.short_window_size, p.sliding_window_size);
    });
    return s;
  }
};

TR_REGISTER(DetectorModel, Fhddm, "fhddm",
            "a window's mean that falls below its greatest by Hoeffding's bound",
            "Pesaranghader & Viktor 2016, ECML PKDD; form and defaults as river 0.26");

}  // namespace
}  // namespace tightrope
