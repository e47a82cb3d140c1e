// SPDX-License-Identifier: Apache-2.0
#include "rewards/bradley_terry.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/math.h"

namespace tightrope {
namespace {

std::vector<double> scores(std::span<const double> rows, std::span<const double> weights) {
  const std::size_t F = weights.size();
  std::vector<double> out(rows.size() / F, 0.0);
  for (std::size_t n = 0; n < out.size(); ++n) {
    for (std::size_t f = 0; f < F; ++f) out[n] += rows[n * F + f] * weights[f];
  }
  return out;
}

void add_slopes(std::span<const double> rows, std::span<const double> slopes,
                std::span<double> gradient) {
  const std::size_t F = gradient.size();
  for (std::size_t n = 0; n < slopes.size(); ++n) {
    for (std::size_t f = 0; f < F; ++f) gradient[f] += slopes[n] * rows[n * F + f];
  }
}

// A bound of the largest eigenvalue of the Hessian: traces of its parts.
double curvature(const LinearFit& options, std::size_t pairs, std::span<const double> chosen,
                 std::span<const double> rejected) {
  double difference = 0, sum = 0;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    difference += (chosen[i] - rejected[i]) * (chosen[i] - rejected[i]);
    sum += (chosen[i] + rejected[i]) * (chosen[i] + rejected[i]);
  }
  return (0.25 * difference + 2 * options.center * sum) / static_cast<double>(pairs) +
         options.decay;
}

}  // namespace

BradleyTerry bradley_terry(std::span<const double> chosen, std::span<const double> rejected,
                           double margin, double center) {
  TR_CHECK(chosen.size() == rejected.size() && !chosen.empty(), "{} and {} scores", chosen.size(),
           rejected.size());
  const double share = 1.0 / static_cast<double>(chosen.size());
  BradleyTerry out;
  for (std::size_t n = 0; n < chosen.size(); ++n) {
    const double gap = chosen[n] - rejected[n] - margin;
    const double sum = chosen[n] + rejected[n];
    out.value += share * (center * sum * sum - log_sigmoid(gap));
    const double pull = share * sigmoid(-gap);
    out.chosen_slope.push_back(2 * share * center * sum - pull);
    out.rejected_slope.push_back(2 * share * center * sum + pull);
  }
  return out;
}

std::vector<double> fit_bradley_terry(const LinearFit& options, int features,
                                      std::span<const double> chosen,
                                      std::span<const double> rejected) {
  TR_CHECK(chosen.size() == rejected.size() && chosen.size() >= static_cast<std::size_t>(features),
           "{} and {} features", chosen.size(), rejected.size());
  const std::size_t pairs = chosen.size() / features;
  const double rate = 1.0 / curvature(options, pairs, chosen, rejected);
  // Nesterov's momentum for a strongly convex function of condition 1 / (rate decay).
  const double root = std::sqrt(rate * options.decay);
  const double momentum = (1 - root) / (1 + root);
  std::vector<double> weights(features, 0.0), ahead = weights, gradient(features);
  for (int k = 0; k < options.iterations; ++k) {
    const BradleyTerry loss =
        bradley_terry(scores(chosen, ahead), scores(rejected, ahead), 0, options.center);
    std::fill(gradient.begin(), gradient.end(), 0.0);
    add_slopes(chosen, loss.chosen_slope, gradient);
    add_slopes(rejected, loss.rejected_slope, gradient);
    for (int f = 0; f < features; ++f) {
      const double next = ahead[f] - rate * (gradient[f] + options.decay * ahead[f]);
      ahead[f] = next + momentum * (next - weights[f]);
      weights[f] = next;
    }
  }
  return weights;
}

}  // namespace tightrope
