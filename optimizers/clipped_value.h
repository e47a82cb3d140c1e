// SPDX-License-Identifier: Apache-2.0
// The clipped squared error of a critic (OpenAI baselines, ppo2): with V the value now, V_old the
// value when the token was drawn and R its target return,
//
//   0.5 max((V - R)^2, (clip(V, V_old - clip, V_old + clip) - R)^2)
#pragma once

#include <algorithm>

namespace tightrope {

struct ValueTerm {
  double value = 0;
  double slope = 0;      // d value / d V
  bool clipped = false;  // the clipped branch is the larger one
};

// clip > 0; 0 switches clipping off.
inline ValueTerm clipped_value(double clip, double now, double old, double target) {
  const double error = now - target;
  ValueTerm out{0.5 * error * error, error, false};
  if (clip <= 0) return out;
  const double bounded = std::clamp(now, old - clip, old + clip) - target;
  if (bounded * bounded > error * error) out = {0.5 * bounded * bounded, 0, true};
  return out;
}

}  // namespace tightrope
