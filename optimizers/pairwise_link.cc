// SPDX-License-Identifier: Apache-2.0
#include "optimizers/pairwise_link.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/math.h"

namespace tightrope {
namespace {

// A function of one variable with its slope.
struct Curve {
  double value = 0;
  double slope = 0;
};

// -LS(x)
Curve logistic(double x) { return {-log_sigmoid(x), -sigmoid(-x)}; }

Curve squashed(double x) {
  const double s = sigmoid(x);
  return {s, s * sigmoid(-x)};
}

Curve exo(double x, double e) {
  const double s = sigmoid(x);
  const double t = sigmoid(-x);
  const double toward = log_sigmoid(x) - std::log1p(-e);
  const double against = log_sigmoid(-x) - std::log(e);
  // s' = s t; the slopes of the two logarithms, s t - t s, cancel.
  return {s * toward + t * against, s * t * (toward - against)};
}

// m exp(-x) is computed in logarithms: both factors may leave the range of doubles alone.
Curve discopop(double x, double tau) {
  const Curve l = logistic(x);
  const Curve m = squashed(x / tau);
  const double blend = std::exp(log_sigmoid(x / tau) - x);
  return {l.value * sigmoid(-x / tau) + blend, l.slope * sigmoid(-x / tau) -
                                                   l.value * m.slope / tau +
                                                   blend * (sigmoid(-x / tau) / tau - 1.0)};
}

// The links that see the pair through x = beta D (or beta A) alone.
Curve link_of_margin(const LinkOptions& o, double x) {
  const double e = o.label_smoothing;
  const Curve toward = logistic(x);
  const Curve against = logistic(-x);
  switch (o.link) {
    case Link::kSigmoid:
      return {(1 - e) * toward.value + e * against.value,
              (1 - e) * toward.slope - e * against.slope};
    case Link::kRobust:
      return {((1 - e) * toward.value - e * against.value) / (1 - 2 * e),
              ((1 - e) * toward.slope + e * against.slope) / (1 - 2 * e)};
    case Link::kHinge:
      return {std::max(0.0, 1 - x), x < 1 ? -1.0 : 0.0};
    case Link::kIpoSum:
    case Link::kIpoAvg: {
      const double gap = (x - 0.5) / o.beta;
      return {gap * gap, 2 * gap / o.beta};
    }
    case Link::kExoPair:
      return exo(x, e);
    case Link::kDiscopop:
      return discopop(x, o.discopop_tau);
    default:
      return toward;
  }
}

bool averages(Link link) { return link == Link::kIpoAvg || link == Link::kSigmoidNorm; }

bool separate(Link link) {
  return link == Link::kNcaPair || link == Link::kBcoPair || link == Link::kSppoHard ||
         link == Link::kApoZero;
}

// The links on the raw log-ratios of the two sides.
PairLoss link_of_sides(const LinkOptions& o, const PairRatios& r) {
  const double b = o.beta;
  const double w = b * r.chosen;
  const double l = b * r.rejected;
  if (o.link == Link::kNcaPair) {
    const Curve up = logistic(w), down = logistic(-w), other = logistic(-l);
    return {up.value + (down.value + other.value) / 2, b * (up.slope - down.slope / 2),
            -b * other.slope / 2};
  }
  if (o.link == Link::kBcoPair) {
    const Curve chosen = logistic(w - o.bco_shift), rejected = logistic(o.bco_shift - l);
    return {chosen.value + rejected.value, b * chosen.slope, -b * rejected.slope};
  }
  if (o.link == Link::kSppoHard) {
    const double above = r.chosen - 0.5 / b, below = r.rejected + 0.5 / b;
    return {above * above + below * below, 2 * above, 2 * below};
  }
  const Curve chosen = squashed(w), rejected = squashed(l);
  return {1 - chosen.value + rejected.value, -b * chosen.slope, b * rejected.slope};
}

}  // namespace

std::vector<std::string> link_names() {
  return {"sigmoid",  "robust",   "hinge",     "ipo_sum",  "ipo_avg",  "sigmoid_norm", "exo_pair",
          "nca_pair", "bco_pair", "sppo_hard", "apo_zero", "apo_down", "discopop"};
}

Link link_of(const std::string& name) {
  const std::vector<std::string> names = link_names();
  const auto found = std::find(names.begin(), names.end(), name);
  TR_CHECK(found != names.end(), "loss_type {}", name);
  return static_cast<Link>(found - names.begin());
}

std::string link_violation(const LinkOptions& o) {
  const std::string name = link_names()[static_cast<int>(o.link)];
  const double e = o.label_smoothing;
  if (o.link == Link::kExoPair && e <= 0) {
    return fmt::format("label_smoothing = {}: exo_pair needs label_smoothing > 0 (ln 0 else)", e);
  }
  if (o.link == Link::kRobust && e >= 0.5) {
    return fmt::format(
        "label_smoothing = {}: robust needs label_smoothing < 0.5 (it divides by "
        "1 - 2 label_smoothing)",
        e);
  }
  const bool smooths =
      o.link == Link::kSigmoid || o.link == Link::kRobust || o.link == Link::kExoPair;
  if (e > 0 && !smooths) {
    return fmt::format(
        "label_smoothing = {}: loss_type {} does not use it; allowed above 0 with "
        "sigmoid, robust, exo_pair",
        e, name);
  }
  if (o.bco_shift != 0 && o.link != Link::kBcoPair) {
    return fmt::format(
        "bco_shift = {}: loss_type {} does not use it; allowed other than 0 with "
        "bco_pair",
        o.bco_shift, name);
  }
  return "";
}

PairLoss pairwise_link(const LinkOptions& o, const PairRatios& r) {
  if (separate(o.link)) return link_of_sides(o, r);
  const double chosen_scale = averages(o.link) ? 1.0 / r.chosen_length : 1.0;
  const double rejected_scale = averages(o.link) ? 1.0 / r.rejected_length : 1.0;
  const Score w = divergence_score(o.divergence, r.chosen);
  const Score l = divergence_score(o.divergence, r.rejected);
  const double margin = o.beta * (w.value * chosen_scale - l.value * rejected_scale);
  const double by_chosen = o.beta * w.slope * chosen_scale;
  const double by_rejected = -o.beta * l.slope * rejected_scale;
  if (o.link == Link::kApoDown) {
    const Curve chosen = squashed(o.beta * r.chosen), both = squashed(margin);
    return {chosen.value + 1 - both.value, o.beta * chosen.slope - both.slope * by_chosen,
            -both.slope * by_rejected};
  }
  const Curve curve = link_of_margin(o, margin);
  return {curve.value, curve.slope * by_chosen, curve.slope * by_rejected};
}

}  // namespace tightrope
