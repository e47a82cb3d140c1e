// SPDX-License-Identifier: Apache-2.0
// Distances of one variable's law between two environments, and image channels as densities.
#pragma once

#include <functional>
#include <span>

namespace tightrope {

// From an old law q to a new law p.
struct Divergence {
  double kl = 0;         // KL(p || q), nat; +inf when p is not dominated by q
  double overlap = 1;    // Bhattacharyya coefficient, sum sqrt(p q)
  double variation = 0;  // total variation, in [0, 1]
};

// sum of parts of one law (kl, overlap and variation add; start from {0, 0, 0}).
void add_scaled(Divergence& total, double weight, const Divergence& part);

Divergence discrete_divergence(std::span<const double> p, std::span<const double> q);
Divergence bernoulli_divergence(double p, double q);

// positive N(center + signal, noise^2) + (1 - positive) N(center - signal, noise^2).
struct ChannelDensity {
  double center = 0;
  double signal = 0;
  double positive = 1;
  double noise = 1;

  bool operator==(const ChannelDensity&) const = default;
  double log_density(double v) const;
  double below(double v) const;  // distribution function
};

// Gaussians in closed form; mixtures by the trapezoidal rule, whose error on these analytic
// integrands falls exponentially with the step (below 1e-12 here), and total variation by the exact
// distribution functions between the densities' crossings.
Divergence channel_divergence(const ChannelDensity& p, const ChannelDensity& q);

// E_{v ~ p} f(v) by the same rule; f must be smooth on the scale of p's and q's noise.
void integrate(const ChannelDensity& p, const ChannelDensity& q,
               const std::function<void(double v, double mass)>& visit);

}  // namespace tightrope
