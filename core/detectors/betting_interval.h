// SPDX-License-Identifier: Apache-2.0
// Bets on the mean of samples in [0, 1] and the confidence interval that they give (Waudby-Smith &
// Ramdas 2024, JRSS B 86(1), section 4.4: the hedged capital with the predictable plug-in).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>

namespace tightrope {

// The predictable plug-in stake: with t - 1 samples seen, their mean and variance regularised by
// one sample of mean 1/2 and variance 1/4,
//
//   lambda_t = sqrt(2 ln(2 / level) / (variance_{t-1} t ln(1 + t)))
class PlugInStake {
 public:
  explicit PlugInStake(double level) : numerator_(2 * std::log(2 / level)) {}

  double stake() const {  // for the next sample
    const double t = count_ + 1, variance = (0.25 + squares_) / t;
    return std::sqrt(numerator_ / (variance * t * log_after(t)));
  }
  void observe(double z) {
    count_ += 1;
    sum_ += z;
    const double apart = z - (0.5 + sum_) / (count_ + 1);
    squares_ += apart * apart;
  }
  void clear() { count_ = sum_ = squares_ = 0; }

  // ln(1 + t); bets that start anew again and again ask for the same few.
  static double log_after(double t) {
    return t < static_cast<double>(kLogs.size()) ? kLogs[static_cast<std::size_t>(t)]
                                                 : std::log1p(t);
  }
  static const std::array<double, 1024> kLogs;

  double numerator_;
  double count_ = 0, sum_ = 0, squares_ = 0;
};

// What a bet on "the mean is above m" earns on z: 1 + min(stake, 1 / (2 m)) (z - m), at least 1/2.
// Its expectation is at most 1 while the mean is at most m. A bet on "below" is that on 1 - z.
inline double bet_above(double stake, double m, double z) {
  return 1 + std::min(stake, 0.5 / m) * (z - m);
}

struct BettingInterval {
  double low = 0, high = 1;
};

// {m in [0, 1]: max(K+(m), K-(m)) < 2 / level}, K+ and K- the products of what bets above and below
// m earn on the samples z [n] in [0, 1], to 1e-12. It is the confidence sequence at time n: if
// every sample has the same mean given those before it, all of it over all n hold the mean with
// probability >= 1 - level.
BettingInterval betting_interval(std::span<const double> z, double level);

}  // namespace tightrope
