// SPDX-License-Identifier: Apache-2.0
// The pairwise loss of a reward model and its fit on linear features.
#pragma once

#include <span>
#include <vector>

namespace tightrope {

// L = mean_i -log sigmoid(w_i - l_i - margin) + center mean_i (w_i + l_i)^2 over pairs of scores
// (Bradley and Terry 1952; centring of arXiv 2312.09244; as TRL's reward_trainer.py).
struct BradleyTerry {
  double value = 0;
  std::vector<double> chosen_slope;    // [N] dL / d chosen_i
  std::vector<double> rejected_slope;  // [N]
};
BradleyTerry bradley_terry(std::span<const double> chosen, std::span<const double> rejected,
                           double margin, double center);

struct LinearFit {
  double center = 0.01;  // >= 0
  double decay = 1e-3;   // > 0, weight of |weights|^2 / 2: makes the optimum unique
  int iterations = 500;  // of accelerated gradient descent from 0
};

// Weights [F] of scores <weights, features>, from features [N, F] of both sides, row-major.
// Deterministic; the step is 1 / (a bound of the curvature), so it never diverges.
std::vector<double> fit_bradley_terry(const LinearFit& options, int features,
                                      std::span<const double> chosen,
                                      std::span<const double> rejected);

}  // namespace tightrope
