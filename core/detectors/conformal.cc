// SPDX-License-Identifier: Apache-2.0
// A conformal test martingale (Vovk, Gammerman & Shafer 2022, ch. 8): it bets that samples are not
// exchangeable. Sample t has the conformal p-value, with u uniform from the stream (seed,
// statistics) at its position and the bag of samples so far, itself included,
//
//   p = (#{score in the bag > its own} + u #{equal, its own included}) / size of the bag
//
// and the Simple Jumper bets on it with the capital S (simple_jumper.h).
// The dimensionless statistic, a drift when it is >= 1 / alpha, by form:
//   ville  S: without a change a stream has an alarm, ever, with probability <= alpha
//   cusum  S_t / min_{s < t} S_s, and
//   sr     sum_{s < t} S_t / S_s: the expected number of samples to a false alarm is >= 1 / alpha,
//          from every fresh start
// Bounds hold for exchangeable samples (sr and cusum too, as p-values are then independent and
// uniform). A full bag of max_bag samples is emptied: ranks within the next one are again
// independent of the past, so the bounds stay; a change just then is seen late. Scores:
//   value     x: p is small after a rise and large after a fall
//   distance  |x - m|, m the mean of the first min_instances samples, which are in no bag
//   p_value   none: the input is p itself, in [0, 1], and the bounds are as good as it is
// The change is put where the greater of the CUSUMs of 1/2 - p and of p - 1/2, less 1/8 a sample,
// last left 0; direction is the side of m, or of p = 1/2, on which the samples since then are. O(1)
// with p_value, else O(log max_bag) and a move of the bag.
#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/detectors/reference_law.h"
#include "core/detectors/rule.h"
#include "core/detectors/simple_jumper.h"
#include "core/detectors/since.h"
#include "core/random/stream.h"

namespace tightrope {
namespace {

struct ConformalParams {
  double alpha = 0.01;
  std::string form = "ville";
  std::string score = "value";
  double jump = 0.01;
  std::int64_t experts = 5;
  std::int64_t min_instances = 30;
  std::int64_t max_bag = 10000;
  std::int64_t seed = 0;
};

// The samples' scores in order.
class Bag {
 public:
  explicit Bag(std::int64_t most) : most_(static_cast<std::size_t>(most)) {}

  // The conformal p-value of a score that then is in the bag.
  double insert(double score, double u) {
    const auto [first, last] = std::equal_range(scores_.begin(), scores_.end(), score);
    const auto greater = static_cast<double>(scores_.end() - last);
    const auto equal = static_cast<double>(last - first) + 1;
    scores_.insert(last, score);
    const double p = (greater + u * equal) / static_cast<double>(scores_.size());
    if (scores_.size() == most_) scores_.clear();
    return p;
  }
  void clear() { scores_.clear(); }
  void write(std::vector<double>& saved) const {
    saved.push_back(static_cast<double>(scores_.size()));
    saved.insert(saved.end(), scores_.begin(), scores_.end());
  }
  void read(SavedState& saved, std::int64_t position) {
    const auto most = std::min(position, static_cast<std::int64_t>(most_) - 1);
    scores_.resize(static_cast<std::size_t>(saved.whole(0, most)));
    for (double& score : scores_) score = saved.number();
    for (std::size_t i = 0; i < scores_.size(); ++i) {
      TR_REQUIRE(std::isfinite(scores_[i]) && (i == 0 || scores_[i - 1] <= scores_[i]),
                 "detector state: score {} of a bag is {}, out of order", i, scores_[i]);
    }
  }

 private:
  std::size_t most_;
  std::vector<double> scores_;
};

// That p-values are smaller, or larger, than uniform ones: for direction and change time alone.
struct Suspicion {
  Climb climb;
  double side = 0;  // sum of the sides since it left 0

  void move(double excess, double of_sample, std::int64_t position) {
    const std::int64_t fresh = zero_mask(climb.sum);
    side = of_sample + std::bit_cast<double>(std::bit_cast<std::int64_t>(side) & ~fresh);
    climb.move(excess - 0.125, position);
  }
};

class ConformalRule {
 public:
  explicit ConformalRule(const ConformalParams& p)
      : threshold_(1 / p.alpha),
        form_(p.form == "ville"   ? Form::kVille
              : p.form == "cusum" ? Form::kCusum
                                  : Form::kSr),
        is_p_(p.score == "p_value"),
        is_distance_(p.score == "distance"),
        first_(p.min_instances),
        stream_(static_cast<std::uint64_t>(p.seed), Purpose::kStatistics, 0),
        law_(p.min_instances, std::nullopt, std::nullopt),
        bag_(p.max_bag),
        jumper_(p.experts, p.jump) {}

  bool takes(double x) const { return is_p_ ? x >= 0 && x <= 1 : internal::is_sample(x); }
  [[noreturn]] static void refuse(double x, std::int64_t position) {
    throw InputError(
        fmt::format("conformal input at position {} is {}: a p-value is in [0, 1]", position, x));
  }
  DetectorState accept(double x, std::int64_t position) {
    DetectorState state;
    state.threshold = threshold_;
    double p = x, side = 0.5 - x;
    if (!is_p_) {
      if (!score(x, position, p, side)) return state;
    }
    jumper_.play(p);
    small_.move(0.5 - p, side, position);
    large_.move(p - 0.5, side, position);
    state.statistic = form_ == Form::kVille   ? jumper_.capital()
                      : form_ == Form::kCusum ? jumper_.cusum()
                                              : jumper_.sr();
    if (state.statistic < threshold_) return state;
    state.verdict = AlarmLevel::kDrift;
    const Suspicion& clearer = small_.climb.sum >= large_.climb.sum ? small_ : large_;
    state.direction = clearer.side >= 0 ? 1 : -1;
    state.change_time = clearer.climb.since;
    return state;
  }
  void clear() {
    law_.clear();
    taken_ = 0;
    bag_.clear();
    jumper_.clear();
    small_ = large_ = {};
  }
  void write(std::vector<double>& saved) const;
  void read(SavedState& saved, std::int64_t position);

 private:
  enum class Form { kVille, kCusum, kSr };

  // The p-value of x and on which side it is; false while samples only give the mean.
  bool score(double x, std::int64_t position, double& p, double& side) {
    if (is_distance_ && taken_ < first_) {
      law_.known(x);
      ++taken_;
      return false;
    }
    const auto at = static_cast<std::uint64_t>(position);
    const double u =
        stream_.at(static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at >> 32)).uniform();
    p = bag_.insert(is_distance_ ? std::abs(x - law_.mean()) : x, u);
    side = is_distance_ ? x - law_.mean() : 0.5 - p;
    return true;
  }

  double threshold_;
  Form form_;
  bool is_p_, is_distance_;
  std::int64_t first_;
  Stream stream_;
  ReferenceLaw law_;
  std::int64_t taken_ = 0;  // samples that gave the mean
  Bag bag_;
  SimpleJumper jumper_;
  Suspicion small_, large_;  // of p
};

void ConformalRule::write(std::vector<double>& saved) const {
  law_.write(saved);
  saved.insert(saved.end(), {static_cast<double>(taken_), small_.climb.sum,
                             static_cast<double>(small_.climb.since), small_.side, large_.climb.sum,
                             static_cast<double>(large_.climb.since), large_.side});
  bag_.write(saved);
  jumper_.write(saved);
}

void ConformalRule::read(SavedState& saved, std::int64_t position) {
  law_.read(saved, position);
  taken_ = saved.whole(0, std::min(first_, position));
  for (Suspicion* suspicion : {&small_, &large_}) {
    suspicion->climb.sum = saved.number();
    suspicion->climb.since = saved.whole(0, position);
    suspicion->side = saved.number();
  }
  bag_.read(saved, position);
  jumper_.read(saved);
}

class Conformal final : public RuleModel<ConformalParams, ConformalRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("alpha", &Params::alpha,
            {.unit = "1",
             .range = between_open(0, 1),
             .help = "bound on a false alarm, see form: probability, or 1 / expected samples"});
    s.field("form", &Params::form,
            {.help = "what of the martingale is watched", .choices = {"ville", "cusum", "sr"}});
    s.field("score", &Params::score,
            {.help = "what is ranked", .choices = {"value", "distance", "p_value"}});
    s.field("jump", &Params::jump,
            {.unit = "1", .range = between_open(0, 1), .help = "what jumps between the experts"});
    s.field("experts", &Params::experts,
            {.unit = "1", .range = between(3, 5), .help = "experts of the Simple Jumper, 3 or 5"});
    s.field("min_instances", &Params::min_instances,
            {.unit = "sample",
             .range = between(1, 1e9),
             .help = "first samples, which give the mean, by score distance"});
    s.field("max_bag", &Params::max_bag,
            {.unit = "sample", .range = between(2, 1e7), .help = "samples ranked together"});
    s.field("seed", &Params::seed,
            {.unit = "1", .range = at_least(0), .help = "how ties are broken"});
    s.check([](const Params& p) -> std::string {
      return p.experts == 4 ? "experts = 4 violates 3 or 5" : "";
    });
    return s;
  }
};

TR_REGISTER(DetectorModel, Conformal, "conformal",
            "bets on ranks, with a bound on false alarms for exchangeable samples",
            "Vovk, Gammerman & Shafer 2022, Algorithmic Learning in a Random World, ch. 8");

}  // namespace
}  // namespace tightrope
