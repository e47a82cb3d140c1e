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

// Upwards and downwards; + * < ?: work on both at once (an extension of GCC and Clang).
using Pair [[gnu::vector_size(16)]] = double;

// The k-th bet on both directions, side by side so that they are played at once.
struct Bet {
  Pair lambda = {};       // stake
  Pair sum = {};          // R_k
  Pair largest = {};      // C_k
  Pair start = {-1, -1};  // position of the first sample of C_k's product
};

class EDetectorRule {
 public:
  explicit EDetectorRule(const EDetectorParams& p)
      : threshold_(1 / p.alpha),
        low_(p.low),
        high_(p.high),
        cusum_(p.form == "cusum"),
        plays_{p.mode == "down" ? 0.0 : 1.0, p.mode == "up" ? 0.0 : 1.0},
        bets_(static_cast<std::size_t>(p.bets)) {
    const double m = (p.null_mean - p.low) / (p.high - p.low);
    null_ = Pair{m, 1 - m};
    const auto count = static_cast<double>(p.bets);
    played_ = count * (plays_[0] + plays_[1]);
    double k = 1;
    for (Bet& bet : bets_) {
      bet.lambda = k / ((count + 1) * null_);
      ++k;
    }
  }

  bool takes(double x) const { return x >= low_ && x <= high_; }
  [[noreturn]] void refuse(double x, std::int64_t position) const {
    throw InputError(
        fmt::format("e_detector input at position {} is {}: its bound holds only in [{}, {}]",
                    position, x, low_, high_));
  }
  DetectorState accept(double x, std::int64_t position);
  void clear() {
    for (Bet& bet : bets_) bet = {.lambda = bet.lambda};
  }
  void write(std::vector<double>& saved) const;
  void read(SavedState& saved, std::int64_t position);

 private:
  Pair play(double z, std::int64_t position);

  double threshold_, low_, high_;
  bool cusum_;
  Pair plays_;         // 1 for a direction that is looked for, else 0
  Pair null_ = {};     // m and 1 - m
  double played_ = 0;  // bets
  std::vector<Bet> bets_;
};

// Plays one sample on every bet; the sums of their values. A direction that is not looked for has
// the capital 0 instead of 1 to start with.
Pair EDetectorRule::play(double z, std::int64_t position) {
  const Pair gain = {z - null_[0], (1 - z) - null_[1]}, capital = plays_;
  const auto now = static_cast<double>(position);
  Pair sum = {}, largest = {};
  for (Bet& bet : bets_) {
    const Pair e = 1 + bet.lambda * gain;
    bet.start = bet.largest <= 1 ? now + Pair{} : bet.start;
    bet.largest = (bet.largest > capital ? bet.largest : capital) * e;
    bet.sum = (capital + bet.sum) * e;
    sum += bet.sum;
    largest += bet.largest;
  }
  return cusum_ ? largest : sum;
}

DetectorState EDetectorRule::accept(double x, std::int64_t position) {
  const Pair sums = play((x - low_) / (high_ - low_), position);
  DetectorState state;
  state.threshold = threshold_;
  state.statistic = (sums[0] + sums[1]) / played_;
  if (state.statistic < threshold_) return state;
  const std::size_t side = sums[1] > sums[0] ? 1 : 0;
  const auto best =
      std::ranges::max_element(bets_, {}, [side](const Bet& bet) { return bet.largest[side]; });
  state.verdict = AlarmLevel::kDrift;
  state.direction = side == 0 ? 1 : -1;
  state.change_time = static_cast<std::int64_t>(best->start[side]);
  return state;
}

void EDetectorRule::write(std::vector<double>& saved) const {
  for (std::size_t side = 0; side < 2; ++side) {
    if (plays_[side] == 0) continue;
    for (const Bet& bet : bets_) {
      saved.insert(saved.end(), {bet.sum[side], bet.largest[side], bet.start[side]});
    }
  }
}

void EDetectorRule::read(SavedState& saved, std::int64_t position) {
  for (std::size_t side = 0; side < 2; ++side) {
    if (plays_[side] == 0) continue;
    for (Bet& bet : bets_) {
      bet.sum[side] = saved.number();
      bet.largest[side] = saved.number();
      bet.start[side] = static_cast<double>(saved.whole(-1, position));
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
