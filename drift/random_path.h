// SPDX-License-Identifier: Apache-2.0
// A Gaussian path over whole steps that can be read anywhere: the Ornstein-Uhlenbeck process
//
//   dX = -rate X dt + volatility dW,  X(0) = 0;  rate = 0: a random walk
//
// sampled exactly at steps 0 .. 2^30 by halving intervals (Levy's construction: the law of X
// between two known points is Gaussian). The value at t costs 30 draws and does not depend on what
// was read before.
#pragma once

#include <cstdint>

#include "core/random/stream.h"

namespace tightrope {

struct RandomPath {
  double rate = 0;        // per step, >= 0
  double volatility = 1;  // per square root of a step, >= 0

  // X(t), t in [0, 2^30]. Level k of the halving draws from stream.at(k, interval).
  double at(std::int64_t t, const Stream& stream) const;
};

// x folded into [0, 1]: reflected at both ends. Of a random walk it is the reflected random walk.
double folded(double x);

}  // namespace tightrope
