// SPDX-License-Identifier: Apache-2.0
#include "graph/bandit_optimum.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/math.h"

namespace tightrope {
namespace {

// d/d logits of sum_a f_a log p_a with f held fixed: f - p sum f.
std::vector<double> score(std::span<const double> f, std::span<const double> p) {
  double total = 0;
  for (double x : f) total += x;
  std::vector<double> out(f.size());
  for (std::size_t a = 0; a < f.size(); ++a) out[a] = f[a] - p[a] * total;
  return out;
}

void require_problem(std::span<const double> reference, std::span<const double> reward,
                     double beta) {
  TR_REQUIRE(!reference.empty() && reference.size() == reward.size(),
             "reference has {} actions, reward {}", reference.size(), reward.size());
  TR_REQUIRE(beta > 0, "beta = {}, must be > 0", beta);
}

}  // namespace

std::vector<double> softmax(std::span<const double> logits) {
  const double total = log_sum_exp(logits);
  std::vector<double> out;
  for (double x : logits) out.push_back(std::exp(x - total));
  return out;
}

std::vector<double> boltzmann_optimum(std::span<const double> reference,
                                      std::span<const double> reward, double beta) {
  require_problem(reference, reward, beta);
  std::vector<double> logits;
  for (std::size_t a = 0; a < reference.size(); ++a) {
    logits.push_back(std::log(reference[a]) + reward[a] / beta);
  }
  return softmax(logits);
}

K3FixedPoint k3_fixed_point(std::span<const double> reference, std::span<const double> reward,
                            double beta) {
  require_problem(reference, reward, beta);
  // The mass beta sum ref / (lambda - r) falls in lambda: it exceeds 1 just above the largest
  // lambda_a = r_a + beta ref_a and is at most 1 at max r + beta.
  double low = kNegativeInfinity;
  double high = kNegativeInfinity;
  for (std::size_t a = 0; a < reference.size(); ++a) {
    low = std::max(low, reward[a] + beta * reference[a]);
    high = std::max(high, reward[a] + beta);
  }
  for (int step = 0; step < 200 && low < high; ++step) {
    const double middle = 0.5 * (low + high);
    double mass = 0;
    for (std::size_t a = 0; a < reference.size(); ++a) {
      mass += beta * reference[a] / (middle - reward[a]);
    }
    (mass > 1 ? low : high) = middle;
  }
  K3FixedPoint out{{}, 0.5 * (low + high)};
  for (std::size_t a = 0; a < reference.size(); ++a) {
    out.policy.push_back(beta * reference[a] / (out.lambda - reward[a]));
  }
  return out;
}

double expected_reward(std::span<const double> policy, std::span<const double> reward) {
  double sum = 0;
  for (std::size_t a = 0; a < policy.size(); ++a) sum += policy[a] * reward[a];
  return sum;
}

double kl_divergence(std::span<const double> p, std::span<const double> q) {
  double sum = 0;
  for (std::size_t a = 0; a < p.size(); ++a) sum += kl_term(p[a], q[a]);
  return sum;
}

ValueGradient reward_by_logits(std::span<const double> logits, std::span<const double> reward) {
  const std::vector<double> p = softmax(logits);
  std::vector<double> weighted;
  for (std::size_t a = 0; a < p.size(); ++a) weighted.push_back(p[a] * reward[a]);
  return {expected_reward(p, reward), score(weighted, p)};
}

ValueGradient kl_to_reference(std::span<const double> logits, std::span<const double> reference) {
  const std::vector<double> p = softmax(logits);
  std::vector<double> weighted;
  for (std::size_t a = 0; a < p.size(); ++a) {
    weighted.push_back(p[a] * std::log(p[a] / reference[a]));
  }
  return {kl_divergence(p, reference), score(weighted, p)};
}

ValueGradient kl_from_reference(std::span<const double> logits, std::span<const double> reference) {
  const std::vector<double> p = softmax(logits);
  std::vector<double> gradient;
  for (std::size_t a = 0; a < p.size(); ++a) gradient.push_back(p[a] - reference[a]);
  return {kl_divergence(reference, p), std::move(gradient)};
}

ValueGradient entropy_by_logits(std::span<const double> logits) {
  const std::vector<double> p = softmax(logits);
  std::vector<double> surprise;
  double entropy = 0;
  for (double x : p) {
    surprise.push_back(-x * std::log(x));
    entropy += surprise.back();
  }
  return {entropy, score(surprise, p)};
}

ValueGradient estimator_loss(KlEstimator estimator, std::span<const double> logits,
                             std::span<const double> reference) {
  const std::vector<double> p = softmax(logits);
  double value = 0;
  std::vector<double> slope;  // p k'(l)
  for (std::size_t a = 0; a < p.size(); ++a) {
    const double l = std::log(p[a] / reference[a]);
    switch (estimator) {
      case KlEstimator::kK1:
        value += p[a] * l;
        slope.push_back(p[a]);
        break;
      case KlEstimator::kK2:
        value += p[a] * 0.5 * l * l;
        slope.push_back(p[a] * l);
        break;
      case KlEstimator::kK3:
        value += p[a] * (std::exp(-l) - 1 + l);
        slope.push_back(p[a] * (1 - std::exp(-l)));
        break;
    }
  }
  return {value, score(slope, p)};
}

}  // namespace tightrope
