// SPDX-License-Identifier: Apache-2.0
// The loss of one preference pair and its slopes, by the log-ratios of its two sides. Names and
// forms are those of TRL (f2cd57710, trl/trainer/dpo_trainer.py); ours where TRL has one name for
// two losses (ipo_sum, ipo_avg). With dw = log pi(y_w) - log ref(y_w), dl likewise, h the score of
// f_divergence.h, D = h(dw) - h(dl), A = h(dw) / Lw - h(dl) / Ll, b = beta, e = label_smoothing:
//
//   sigmoid       -(1 - e) LS(b D) - e LS(-b D)          DPO; e > 0 is conservative DPO (cDPO)
//   robust        [-(1 - e) LS(b D) + e LS(-b D)] / (1 - 2 e)            e < 0.5
//   hinge         max(0, 1 - b D)                        SLiC
//   ipo_sum       (D - 1 / (2 b))^2                      log-ratios summed over tokens
//   ipo_avg       (A - 1 / (2 b))^2                      averaged over tokens
//   sigmoid_norm  -LS(b A)
//   exo_pair      s(b D) [LS(b D) - ln(1 - e)] + s(-b D) [LS(-b D) - ln e]     0 < e < 1
//   nca_pair      -LS(b dw) - LS(-b dw) / 2 - LS(-b dl) / 2
//   bco_pair      -LS(b dw - shift) - LS(-(b dl - shift))
//   sppo_hard     (dw - 1 / (2 b))^2 + (dl + 1 / (2 b))^2
//   apo_zero      1 - s(b dw) + s(b dl)
//   apo_down      s(b dw) + 1 - s(b D)
//   discopop      (1 - m) (-LS(b D)) + m exp(-b D),  m = s(b D / tau)
//
// s = sigmoid, LS = log sigmoid. As in TRL, nca_pair, bco_pair, sppo_hard and apo_zero know no D:
// they take the raw log-ratios whatever the divergence.
#pragma once

#include <string>
#include <vector>

#include "optimizers/f_divergence.h"

namespace tightrope {

enum class Link {
  kSigmoid,
  kRobust,
  kHinge,
  kIpoSum,
  kIpoAvg,
  kSigmoidNorm,
  kExoPair,
  kNcaPair,
  kBcoPair,
  kSppoHard,
  kApoZero,
  kApoDown,
  kDiscopop,
};

struct LinkOptions {
  Link link = Link::kSigmoid;
  double beta = 0.1;           // > 0
  double label_smoothing = 0;  // e in [0, 1)
  double discopop_tau = 0.05;  // > 0
  double bco_shift = 0;        // nat of reward
  DivergenceOptions divergence{};
};

// What a link reads of a pair: log-ratios (nat) and scored tokens (>= 1) of both sides.
struct PairRatios {
  double chosen = 0;           // dw
  double rejected = 0;         // dl
  double chosen_length = 1;    // Lw
  double rejected_length = 1;  // Ll
};

struct PairLoss {
  double value = 0;           // nat
  double chosen_slope = 0;    // d value / d dw
  double rejected_slope = 0;  // d value / d dl
};

// Names in the order of Link: the choices of loss_type. There is no bare "ipo".
std::vector<std::string> link_names();

// Throws InternalError for a name that is no choice.
Link link_of(const std::string& name);

// Why the options contradict each other ("label_smoothing = 0 ..."), or an empty string.
std::string link_violation(const LinkOptions& options);

// Value and slopes for finite log-ratios. At the hinge's kink (b D = 1) the slope is that of the
// flat side, 0.
PairLoss pairwise_link(const LinkOptions& options, const PairRatios& ratios);

}  // namespace tightrope
