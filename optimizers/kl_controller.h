// SPDX-License-Identifier: Apache-2.0
// The adaptive KL coefficient of Ziegler et al. 2019 (arXiv 1909.08593, section 2.2):
//
//   coefficient *= 1 + clip(kl / target - 1, -0.2, 0.2) n / horizon
#pragma once

#include <algorithm>

namespace tightrope {

struct KlController {
  double target = 6;       // nat per trajectory, > 0
  double horizon = 10000;  // trajectories, > 0
};

// The coefficient after a rollout of `count` trajectories with mean `kl` (nat per trajectory).
inline double adapted_coefficient(const KlController& controller, double coefficient, double kl,
                                  double count) {
  const double error = std::clamp(kl / controller.target - 1, -0.2, 0.2);
  return coefficient * (1 + error * count / controller.horizon);
}

}  // namespace tightrope
