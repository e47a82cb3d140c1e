// SPDX-License-Identifier: Apache-2.0
// The Simple Jumper (Vovk, Gammerman & Shafer 2022, ch. 8): bets on uniform numbers p that they are
// not uniform. K experts epsilon in {-1, 0, 1} or {-1, -1/2, 0, 1/2, 1} begin with 1 / K each,
//
//   C_epsilon = ((1 - jump) C_epsilon + jump / K S) (1 + epsilon (p - 1/2)),  S = sum C_epsilon
//
// While p is uniform given the past, S is a martingale from 1.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/base/check.h"
#include "core/detectors/detector.h"

namespace tightrope {

class SimpleJumper {
 public:
  // experts 3 or 5, 0 < jump < 1.
  SimpleJumper(std::int64_t experts, double jump)
      : experts_(static_cast<int>(experts)),
        keep_(1 - jump),
        share_(jump / static_cast<double>(experts)) {
    clear();
  }

  void clear() {
    capital_ = least_ = before_ = 1;
    inverses_ = exponent_ = 0;
    for (int k = 0; k < kMost; ++k) wealth_[k] = k < experts_ ? 1.0 / experts_ : 0;
  }

  // Bets on p.
  void play(double p) {
    const double bet = p - 0.5, half = 0.5 * bet, shared = share_ * capital_;
    inverses_ += 1 / capital_;
    // The epsilons add to 0, so that the new sum is known from the old wealth: it does not wait for
    // the new one. Rounding does not add up: what S is off the sum shrinks by 1 - jump.
    capital_ += keep_ * bet * (wealth_[2] - wealth_[0] + 0.5 * (wealth_[4] - wealth_[3]));
    wealth_[0] = (keep_ * wealth_[0] + shared) * (1 - bet);
    wealth_[1] = keep_ * wealth_[1] + shared;
    wealth_[2] = (keep_ * wealth_[2] + shared) * (1 + bet);
    if (experts_ == kMost) {
      wealth_[3] = (keep_ * wealth_[3] + shared) * (1 - half);
      wealth_[4] = (keep_ * wealth_[4] + shared) * (1 + half);
    }
    if (!(capital_ > 0x1p-300 && capital_ < 0x1p300)) [[unlikely]] {
      rescale();
    }
    before_ = least_;
    least_ = std::min(least_, capital_);
  }

  double capital() const {  // S
    return exponent_ == 0 ? capital_ : std::ldexp(capital_, static_cast<int>(exponent_));
  }
  double cusum() const { return capital_ / before_; }  // S_t / min_{s < t} S_s
  double sr() const { return capital_ * inverses_; }   // sum_{s < t} S_t / S_s

  void write(std::vector<double>& saved) const;
  // Throws InputError when it is not the state of a jumper with as many experts.
  void read(SavedState& saved);

 private:
  static constexpr int kMost = 5;
  void rescale();

  int experts_;
  double keep_, share_;
  // In units of 2^exponent, so that neither a long time without a change nor a clear change leaves
  // the range of a double.
  double wealth_[kMost] = {};  // epsilon = -1, 0, 1, -1/2, 1/2
  double capital_ = 1;
  double least_ = 1, before_ = 1;  // min S up to now and before this sample
  double inverses_ = 0;            // sum of 1 / S before this sample
  double exponent_ = 0;
};

}  // namespace tightrope
