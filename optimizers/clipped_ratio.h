// SPDX-License-Identifier: Apache-2.0
// The clipped surrogate of one token (arXiv 1707.06347, eq. 7), as a loss: with rho = exp(log pi -
// log behaviour) and A the advantage,
//
//   max(-A rho, -A clip(rho, 1 - low, 1 + high)),  and for A < 0 at most -dual A (arXiv 1912.09729)
#pragma once

namespace tightrope {

struct RatioClip {
  double low = 0.2;            // in (0, 1)
  double high = 0.2;           // > 0
  double dual = 0;             // > 1; 0: off
  double exponent_clamp = 80;  // rho grows no further, and has no slope, beyond exp(this)
};

struct RatioTerm {
  double value = 0;
  double slope = 0;      // d value / d log pi
  double ratio = 1;      // rho
  bool active = false;   // the clipped branch is the larger one (TRL's clipfrac)
  bool outside = false;  // rho outside the clip range (CleanRL's clipfrac)
  bool dual = false;     // the dual bound was reached
};

RatioTerm clipped_ratio(const RatioClip& clip, double log_ratio, double advantage);

}  // namespace tightrope
