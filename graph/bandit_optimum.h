// SPDX-License-Identifier: Apache-2.0
// Known optima and exact gradients of one-step problems over A enumerable actions, float64.
// Vectors are [A]; reference and policy are positive and sum to 1. beta > 0 is in units of reward
// per nat. Sources: the Boltzmann optimum is Rafailov et al. 2023, eq. 4; the rest is ours.
#pragma once

#include <span>
#include <vector>

namespace tightrope {

// argmax of E_pi r - beta KL(pi || reference): pi ~ reference exp(r / beta). Also the population
// optimum of DPO under Bradley-Terry preferences made from r at the same beta.
std::vector<double> boltzmann_optimum(std::span<const double> reference,
                                      std::span<const double> reward, double beta);

// The policy at which the policy gradient of r cancels the gradient of beta k3 put into the loss,
// k3 = exp(-l) - 1 + l with l = log pi / reference: pi = beta reference / (lambda - r), lambda >
// max r.
struct K3FixedPoint {
  std::vector<double> policy;  // [A]
  double lambda = 0;           // makes the policy sum to 1
};
K3FixedPoint k3_fixed_point(std::span<const double> reference, std::span<const double> reward,
                            double beta);

double expected_reward(std::span<const double> policy, std::span<const double> reward);
// KL(p || q) in nat.
double kl_divergence(std::span<const double> p, std::span<const double> q);

// A quantity of p = softmax(logits) and its gradient by the logits.
struct ValueGradient {
  double value = 0;
  std::vector<double> gradient;  // [A]
};
std::vector<double> softmax(std::span<const double> logits);
ValueGradient reward_by_logits(std::span<const double> logits, std::span<const double> reward);
ValueGradient kl_to_reference(std::span<const double> logits, std::span<const double> reference);
ValueGradient kl_from_reference(std::span<const double> logits, std::span<const double> reference);
ValueGradient entropy_by_logits(std::span<const double> logits);

// E_p k of an estimator of KL(p || reference) and its expected gradient when k is used as a loss on
// samples from p (the sampling itself is not differentiated): E_p[k'(l) d log p].
enum class KlEstimator { kK1, kK2, kK3 };
ValueGradient estimator_loss(KlEstimator estimator, std::span<const double> logits,
                             std::span<const double> reference);

}  // namespace tightrope
