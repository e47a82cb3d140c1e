// SPDX-License-Identifier: Apache-2.0
// An e-detector for the mean of bounded samples (Shin, Ramdas & Rinaldo 2024, NEJSDS 2(2)): it bets
// that the mean moved. With x scaled to z in [0, 1] and null_mean to m, bet k = 1..K upwards earns
//
//   e = 1 + lambda_k (z - m),  lambda_k = k / ((K + 1) m)
//   sr:    R_k = (1 + R_k) e        cusum:  C_k = max(1, C_k) e
//
// downwards the same with 1 - z and 1 - m. The statistic is the mean over the bets (dimensionless);
// drift when it is >= 1 / alpha.
//
// Bound: as long as E[x_t | past] <= null_mean (mode up; >= for down, = for both), whatever the
// dependence, the expected number of samples to the first drift is ARL0 >= 1 / alpha, and again
// after every fresh start. Proof in one line: E[e | past] <= 1, so R_t - t is a supermartingale and
// 1 / alpha <= E[R_T] <= E[T]; C_t <= R_t, and means over bets inherit both. It needs every sample
// within [low, high], so a sample outside is refused. The change is put where the best bet's CUSUM
// left 1. O(K). Samples that all equal null_mean give R_t = t: sr meets its bound exactly, cusum
// stays at 1.
#include <algorithm>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/detectors/rule.h"

namespace tightrope {
namespace {

struct EDetectorParams {
  double alpha = 0.001;
  double null_mean = 0.5;
  double low = 0;
  double high = 1;
  std::int64_t bets = 10;
  std::string form = "sr";
  std::string mode = "both";
};

struct Bet {
  double lambda = 0;        // stake
  double sum = 0;           // R_k
  double largest = 0;       // C_k
  std::int64_t start = -1;  // position of the first sample of C_k's product
};

// The bets on one direction.
struct Side {
  int direction = 1;
  double null = 0.5;  // m or 1 - m
  std::vector<Bet> bets;
};

class EDetectorRule {
 public:
  explicit EDetectorRule(const EDetectorParams& p)
      : threshold_(1 / p.alpha), low_(p.low), high_(p.high), cusum_(p.form == "cusum") {
    const double m = (p.null_mean - p.low) / (p.high - p.low);
    if (p.mode != "down") add_side(1, m, p.bets);
    if (p.mode != "up") add_side(-1, 1 - m, p.bets);
  }

  void require(double x, std::int64_t position) const {
    TR_REQUIRE(x >= low_ && x <= high_,
               "e_detector input at position {} is {}: its bound holds only in [{}, {}]", position,
               x, low_, high_);
  }
  DetectorState accept(double x, std::int64_t position);
  void clear() {
    for (Side& side : sides_) {
      for (Bet& bet : side.bets) bet = {.lambda = bet.lambda};
    }
  }
  void write(std::vector<double>& saved) const;
  void read(SavedState& saved, std::int64_t position);

 private:
  void add_side(int direction, double null, std::int64_t bets);
  double play(Side& side, double z, std::int64_t position) const;

  double threshold_, low_, high_;
  bool cusum_;
  std::vector<Side> sides_;
};

void EDetectorRule::add_side(int direction, double null, std::int64_t bets) {
  Side side{direction, null, {}};
  const auto count = static_cast<double>(bets);
  for (double k = 1; k <= count; ++k) side.bets.push_back({.lambda = k / ((count + 1) * null)});
  sides_.push_back(std::move(side));
}

// Plays one sample on every bet of a side; the sum of its values.
double EDetectorRule::play(Side& side, double z, std::int64_t position) const {
  const double gain = side.direction > 0 ? z - side.null : (1 - z) - side.null;
  double sum = 0;
  for (Bet& bet : side.bets) {
    const double e = 1 + bet.lambda * gain;
    if (bet.largest <= 1) bet.start = position;
    bet.largest = std::max(1.0, bet.largest) * e;
    bet.sum = (1 + bet.sum) * e;
    sum += cusum_ ? bet.largest : bet.sum;
  }
  return sum;
}

DetectorState EDetectorRule::accept(double x, std::int64_t position) {
  const double z = (x - low_) / (high_ - low_);
  DetectorState state;
  state.threshold = threshold_;
  const Side* best = nullptr;
  double best_sum = 0, count = 0;
  for (Side& side : sides_) {
    const double sum = play(side, z, position);
    state.statistic += sum;
    count += static_cast<double>(side.bets.size());
    if (best == nullptr || sum > best_sum) {
      best = &side;
      best_sum = sum;
    }
  }
  state.statistic /= count;
  if (state.statistic < threshold_) return state;
  state.verdict = AlarmLevel::kDrift;
  state.direction = best->direction;
  state.change_time = std::ranges::max(best->bets, {}, &Bet::largest).start;
  return state;
}

void EDetectorRule::write(std::vector<double>& saved) const {
  for (const Side& side : sides_) {
    for (const Bet& bet : side.bets) {
      saved.insert(saved.end(), {bet.sum, bet.largest, static_cast<double>(bet.start)});
    }
  }
}

void EDetectorRule::read(SavedState& saved, std::int64_t position) {
  for (Side& side : sides_) {
    for (Bet& bet : side.bets) {
      bet.sum = saved.number();
      bet.largest = saved.number();
      bet.start = saved.whole(-1, position);
    }
  }
}

class EDetector final : public RuleModel<EDetectorParams, EDetectorRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("alpha", &Params::alpha,
            {.unit = "1",
             .range = between_open(0, 1),
             .help = "at most one false alarm in 1 / alpha samples on average"});
    s.field("null_mean", &Params::null_mean,
            {.unit = "1", .help = "mean without a change, between low and high"});
    s.field("low", &Params::low, {.unit = "1", .help = "least possible sample"});
    s.field("high", &Params::high, {.unit = "1", .help = "greatest possible sample"});
    s.field("bets", &Params::bets,
            {.unit = "1", .range = between(1, 1000), .help = "bets K per direction"});
    s.field("form", &Params::form,
            {.help = "Shiryaev-Roberts sum or CUSUM", .choices = {"sr", "cusum"}});
    s.field("mode", &Params::mode,
            {.help = "direction of drift looked for", .choices = {"both", "up", "down"}});
    s.check([](const Params& p) -> std::string {
      if (p.low < p.null_mean && p.null_mean < p.high) return "";
      return fmt::format("null_mean = {} violates low = {} < null_mean < high = {}", p.null_mean,
                         p.low, p.high);
    });
    return s;
  }
};

TR_REGISTER(DetectorModel, EDetector, "e_detector",
            "bets against a bounded mean, with a guaranteed run length to a false alarm",
            "Shin, Ramdas & Rinaldo 2024, NEJSDS 2(2)");

}  // namespace
}  // namespace tightrope
