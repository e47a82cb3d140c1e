// SPDX-License-Identifier: Apache-2.0
#include "optimizers/clipped_ratio.h"

#include <algorithm>
#include <cmath>

namespace tightrope {

RatioTerm clipped_ratio(const RatioClip& clip, double log_ratio, double advantage) {
  const bool clamped = log_ratio > clip.exponent_clamp;
  RatioTerm out;
  out.ratio = std::exp(clamped ? clip.exponent_clamp : log_ratio);
  const double bounded = std::clamp(out.ratio, 1 - clip.low, 1 + clip.high);
  const double free_branch = -advantage * out.ratio;
  const double clipped_branch = -advantage * bounded;
  out.outside = bounded != out.ratio;
  out.active = clipped_branch > free_branch;
  out.value = out.active ? clipped_branch : free_branch;
  out.slope = out.active || clamped ? 0.0 : free_branch;
  if (clip.dual > 0 && advantage < 0 && out.value > -clip.dual * advantage) {
    out.dual = true;
    out.value = -clip.dual * advantage;
    out.slope = 0;
  }
  return out;
}

}  // namespace tightrope
