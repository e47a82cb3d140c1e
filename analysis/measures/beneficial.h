// SPDX-License-Identifier: Apache-2.0
// The ledger's elementary split: how far one probability moved towards the oracle's and how far
// away from it. With P the oracle's probability of a token, o the policy's before and n after,
//
//   d(P, q) = P ln(P / q) - P + q >= 0      (0 ln 0 = 0; 0 only where q = P)
//   c       = d(P, o) - d(P, n) = P ln(n / o) + o - n
//
//   towards P, not past it    B = c         H = 0
//   past P                    B = d(P, o)   H = d(P, n)
//   away from P               B = 0         H = -c
//
// B >= 0 is the beneficial drift, H >= 0 the detrimental one, in nats, and B - H = c. Summed over a
// normalised law, d is KL(P || q) and B - H is KL(P || o) - KL(P || n).
//
// Zeros: P = 0 gives d = q. P > 0 with q = 0 gives d = +inf, so leaving q = 0 is infinitely
// beneficial and going there infinitely detrimental; staying there is no move: B = H = 0. No
// argument in [0, 1] gives a NaN.
//
// Nothing is random. Arithmetic and selections alone: a loop over arrays of probabilities and their
// logarithms vectorises (GCC 12: with -O3 -fno-trapping-math).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include "core/base/check.h"

namespace tightrope {

// A probability in [0, 1] with its natural logarithm. Where the logarithm is what is known, a
// probability too small for a float64 still has a finite one and is not an empty cell.
struct Mass {
  double probability = 0;
  double log = 0;

  static Mass of(double probability) { return {probability, std::log(probability)}; }
  static Mass of_log(double log) { return {std::exp(log), log}; }
};

// Beneficial and detrimental drift, in nats. Adds up over tokens, positions and classes.
struct DriftSplit {
  double beneficial = 0;
  double detrimental = 0;

  // c of the move; NaN where both are infinite (one cell was left empty while another was filled).
  double net() const { return beneficial - detrimental; }
  DriftSplit& operator+=(const DriftSplit& other) {
    beneficial += other.beneficial;
    detrimental += other.detrimental;
    return *this;
  }
};

// d(P, q) of the page above, in nats, in [0, inf].
inline double divergence_term(Mass p, Mass q) {
  const double d = p.probability * (p.log - q.log) - p.probability + q.probability;
  return p.probability > 0 ? std::max(d, 0.0) : q.probability;
}

// B of the move o -> n: what the part of it that lies on o's side of P takes off d, and 0 where
// that is not positive. H is the B of the move n -> o.
inline double beneficial_term(Mass p, Mass o, Mass n) {
  const bool from_below = o.log <= p.log;
  const double reached =
      from_below ? std::min(n.probability, p.probability) : std::max(n.probability, p.probability);
  const double log = from_below ? std::min(n.log, p.log) : std::max(n.log, p.log);
  const double linear = o.probability - reached;
  const double c = p.probability > 0 ? p.probability * (log - o.log) + linear : linear;
  return c > 0 ? c : 0;  // also where o and n are both empty: their logarithms have no difference
}

// The split of the move o -> n of one probability whose oracle has P.
inline DriftSplit split_drift(Mass p, Mass o, Mass n) {
  return {beneficial_term(p, o, n), beneficial_term(p, n, o)};
}

// The sum over one context's law. log_p, log_o, log_n [V]: log-probabilities, -inf allowed.
inline DriftSplit split_drift(std::span<const double> log_p, std::span<const double> log_o,
                              std::span<const double> log_n) {
  TR_CHECK(log_p.size() == log_o.size() && log_p.size() == log_n.size(), "{} {} {}", log_p.size(),
           log_o.size(), log_n.size());
  DriftSplit sum;
  for (std::size_t i = 0; i < log_p.size(); ++i) {
    sum += split_drift(Mass::of_log(log_p[i]), Mass::of_log(log_o[i]), Mass::of_log(log_n[i]));
  }
  return sum;
}

}  // namespace tightrope
