// SPDX-License-Identifier: Apache-2.0
// Betting confidence sequences for the mean of bounded samples (Waudby-Smith & Ramdas 2024, JRSS B
// 86(1)). With samples scaled to z in [0, 1], capitals K grow by 1 + lambda (z - m) a sample,
// lambda from the samples before (betting_interval.h): K+ bets that the mean is above a number, K-
// below. A drift upwards is that the lower end of the newer samples' confidence sequence exceeds
//
//   null_mean, where one is given; all samples since the start are newer
//   the upper end of the confidence sequence of the first reference_size samples, else; the others
//   are newer
//
// and the lower end exceeds m exactly when K+(m) >= threshold, so no interval is kept. Statistic:
// the greater K, dimensionless. By form:
//   ville  K from the start of the newer samples. If every sample has the same mean given those
//          before it (mode up: given null_mean, at most it), a stream has a drift, ever, with
//          probability <= alpha: threshold 2 / alpha for two sides, 1 / alpha for one, from alpha /
//          2 where a reference takes the other half. K falls all the time before a change and must
//          come back: for changes soon after the start
//   cusum  max(1, K) instead of K, lambda starting anew where K was below 1: the expected number of
//          samples to a false drift is >= 1 / alpha, given null_mean; with a reference that holds
//          unless its interval misses the mean, which has probability <= alpha
// Needs samples within [low, high]: one outside is refused. The change is put where the CUSUM of
// the same bets last left 1. O(1) a sample; the reference is kept until it is complete.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/detectors/betting_interval.h"
#include "core/detectors/rule.h"

namespace tightrope {
namespace {

struct BettingParams {
  double alpha = 0.01;
  std::optional<double> null_mean;
  std::int64_t reference_size = 100;
  double low = 0;
  double high = 1;
  std::string form = "cusum";
  std::string mode = "both";
};

// The bets on one direction; downwards on 1 - z.
struct BettingSide {
  double null = 0.5;
  double capital = 1;      // K, or that of the form cusum
  double climb = 1;        // its CUSUM
  std::int64_t since = 0;  // position of the first sample of the CUSUM's product
  PlugInStake stake;
};

class BettingRule {
 public:
  explicit BettingRule(const BettingParams& p);

  bool takes(double x) const { return x >= low_ && x <= high_; }
  [[noreturn]] void refuse(double x, std::int64_t position) const {
    throw InputError(
        fmt::format("betting input at position {} is {}: its bound holds only in [{}, {}]",
                    position, x, low_, high_));
  }
  DetectorState accept(double x, std::int64_t position);
  void clear();
  void write(std::vector<double>& saved) const;
  void read(SavedState& saved, std::int64_t position);

 private:
  void play(BettingSide& side, double z, std::int64_t position) const;

  double low_, high_, level_, threshold_;
  std::optional<double> null_;  // scaled
  std::size_t reference_size_;
  bool cusum_, looks_up_, looks_down_;
  std::vector<double> reference_;
  BettingSide up_, down_;
};

// `level_` is that of each of the two confidence sequences.
BettingRule::BettingRule(const BettingParams& p)
    : low_(p.low),
      high_(p.high),
      level_(p.null_mean || p.form == "cusum" ? p.alpha : p.alpha / 2),
      threshold_((p.mode == "both" ? 2 : 1) / level_),
      reference_size_(static_cast<std::size_t>(p.reference_size)),
      cusum_(p.form == "cusum"),
      looks_up_(p.mode != "down"),
      looks_down_(p.mode != "up"),
      up_{.stake = PlugInStake(level_)},
      down_{.stake = PlugInStake(level_)} {
  if (p.null_mean) null_ = (*p.null_mean - low_) / (high_ - low_);
  clear();
}

void BettingRule::clear() {
  reference_.clear();
  for (BettingSide* side : {&up_, &down_}) *side = {.stake = PlugInStake(level_)};
  if (!null_) return;
  up_.null = *null_;
  down_.null = 1 - *null_;
}

void BettingRule::play(BettingSide& side, double z, std::int64_t position) const {
  const bool fresh = side.climb <= 1;
  if (fresh) {
    side.since = position;
    if (cusum_) side.stake.clear();
  }
  // A reference may end at 1, which no mean exceeds.
  const double e = side.null < 1 ? bet_above(side.stake.stake(), side.null, z) : 1;
  side.stake.observe(z);
  side.climb = std::max(1.0, side.climb) * e;
  // The floor keeps a long time without a change from ending at 0, which no change could leave.
  side.capital = cusum_ ? side.climb : std::max(side.capital * e, 1e-300);
}

DetectorState BettingRule::accept(double x, std::int64_t position) {
  const double z = (x - low_) / (high_ - low_);
  DetectorState state;
  state.threshold = threshold_;
  if (!null_ && reference_.size() < reference_size_) {
    reference_.push_back(z);
    if (reference_.size() < reference_size_) return state;
    const BettingInterval interval = betting_interval(reference_, level_);
    up_.null = interval.high;
    down_.null = 1 - interval.low;
    return state;
  }
  if (looks_up_) play(up_, z, position);
  if (looks_down_) play(down_, 1 - z, position);
  const bool rises = looks_up_ && (!looks_down_ || up_.capital >= down_.capital);
  const BettingSide& side = rises ? up_ : down_;
  state.statistic = side.capital;
  if (state.statistic < threshold_) return state;
  state.verdict = AlarmLevel::kDrift;
  state.direction = rises ? 1 : -1;
  state.change_time = side.since;
  return state;
}

void BettingRule::write(std::vector<double>& saved) const {
  if (!null_) {
    saved.push_back(static_cast<double>(reference_.size()));
    saved.insert(saved.end(), reference_.begin(), reference_.end());
  }
  for (const BettingSide& side : {up_, down_}) {
    const PlugInStake& stake = side.stake;
    saved.insert(saved.end(), {side.null, side.capital, side.climb, static_cast<double>(side.since),
                               stake.count_, stake.sum_, stake.squares_});
  }
}

void BettingRule::read(SavedState& saved, std::int64_t position) {
  if (!null_) {
    const auto most = std::min(position, static_cast<std::int64_t>(reference_size_));
    reference_.resize(static_cast<std::size_t>(saved.whole(0, most)));
    for (double& z : reference_) {
      z = saved.number();
      TR_REQUIRE(z >= 0 && z <= 1, "detector state: {} is no scaled sample of a reference", z);
    }
  }
  for (BettingSide* side : {&up_, &down_}) {
    side->null = saved.number();
    side->capital = saved.number();
    side->climb = saved.number();
    TR_REQUIRE(side->null >= 0 && side->null <= 1 && side->capital >= 0 && side->climb >= 0,
               "detector state: a bet against {} with capital {}", side->null, side->capital);
    side->since = saved.whole(0, position);
    side->stake.count_ = static_cast<double>(saved.whole(0, position));
    side->stake.sum_ = saved.number();
    side->stake.squares_ = saved.number();
  }
}

class Betting final : public RuleModel<BettingParams, BettingRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("alpha", &Params::alpha,
            {.unit = "1",
             .range = between_open(0, 1),
             .help = "bound on a false alarm, see form: probability, or 1 / expected samples"});
    s.field("null_mean", &Params::null_mean,
            {.unit = "1", .help = "mean without a change; null for that of the reference"});
    s.field("reference_size", &Params::reference_size,
            {.unit = "sample",
             .range = between(1, 1e6),
             .help = "first samples, whose mean is the one without a change"});
    s.field("low", &Params::low, {.unit = "1", .help = "least possible sample"});
    s.field("high", &Params::high, {.unit = "1", .help = "greatest possible sample"});
    s.field("form", &Params::form,
            {.help = "what of the capital is watched", .choices = {"ville", "cusum"}});
    s.field("mode", &Params::mode,
            {.help = "direction of drift looked for", .choices = {"both", "up", "down"}});
    s.check([](const Params& p) -> std::string {
      if (!(p.low < p.high)) return fmt::format("low = {} violates < high = {}", p.low, p.high);
      if (!p.null_mean || (p.low < *p.null_mean && *p.null_mean < p.high)) return "";
      return fmt::format("null_mean = {} violates low = {} < null_mean < high = {}", *p.null_mean,
                         p.low, p.high);
    });
    return s;
  }
};

TR_REGISTER(DetectorModel, Betting, "betting",
            "confidence sequences of a bounded mean, with a bound on false alarms",
            "Waudby-Smith & Ramdas 2024, JRSS B 86(1)");

}  // namespace
}  // namespace tightrope
