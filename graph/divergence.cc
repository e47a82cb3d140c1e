// SPDX-License-Identifier: Apache-2.0
#include "graph/divergence.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "core/base/check.h"
#include "core/base/math.h"

namespace tightrope {
namespace {

constexpr double kReach = 12;  // standard deviations: the mass outside is below 1e-32
constexpr int kMostPoints = 4'000'000;

struct Grid {
  double low = 0;
  double step = 0;
  int points = 0;
};

bool is_gaussian(const ChannelDensity& d) {
  return d.positive >= 1 || d.positive <= 0 || d.signal == 0;
}

double mean(const ChannelDensity& d) {
  return d.center + (2 * d.positive - 1) * d.signal;  // of a Gaussian
}

// The log of a mixture has its nearest singularity at distance pi noise^2 / (2 |signal|) from the
// real axis, a Gaussian's scale is its noise; six steps within either leave an error of e^-37.
Grid grid_of(const ChannelDensity& p, const ChannelDensity& q) {
  Grid grid;
  double high = -1e300;
  double step = 1e300;
  grid.low = 1e300;
  for (const ChannelDensity* d : {&p, &q}) {
    const double reach = std::abs(d->signal) + kReach * d->noise;
    grid.low = std::min(grid.low, d->center - reach);
    high = std::max(high, d->center + reach);
    step = std::min(step, d->noise / 6);
    if (d->signal != 0) {
      step = std::min(step, kPi * d->noise * d->noise / (2 * std::abs(d->signal)) / 6);
    }
  }
  grid.points =
      static_cast<int>(std::min<double>(kMostPoints, std::ceil((high - grid.low) / step)));
  grid.step = (high - grid.low) / grid.points;
  return grid;
}

double crossing(const ChannelDensity& p, const ChannelDensity& q, double low, double high) {
  const auto difference = [&](double v) { return p.log_density(v) - q.log_density(v); };
  const bool rising = difference(low) < 0;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    ((difference(middle) < 0) == rising ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

double variation(const ChannelDensity& p, const ChannelDensity& q, const Grid& grid) {
  double sum = 0;
  double p_before = 0;
  double q_before = 0;
  const auto add_until = [&](double p_here, double q_here) {
    sum += std::abs((p_here - p_before) - (q_here - q_before));
    p_before = p_here;
    q_before = q_here;
  };
  bool above = p.log_density(grid.low) > q.log_density(grid.low);
  for (int i = 1; i <= grid.points; ++i) {
    const double v = grid.low + grid.step * i;
    const bool now = p.log_density(v) > q.log_density(v);
    if (now == above) continue;
    const double at = crossing(p, q, v - grid.step, v);
    add_until(p.below(at), q.below(at));
    above = now;
  }
  add_until(1, 1);
  return 0.5 * sum;
}

Divergence gaussian_divergence(const ChannelDensity& p, const ChannelDensity& q) {
  const double gap = (mean(p) - mean(q)) * (mean(p) - mean(q));
  const double a = p.noise * p.noise;
  const double b = q.noise * q.noise;
  return {0.5 * (a / b - 1 - std::log(a / b) + gap / b),
          std::sqrt(2 * p.noise * q.noise / (a + b)) * std::exp(-gap / (4 * (a + b))), 0};
}

}  // namespace

void add_scaled(Divergence& total, double weight, const Divergence& part) {
  if (weight <= 0) return;  // 0 times infinity: the parents never take this value
  total.kl += weight * part.kl;
  total.overlap += weight * part.overlap;
  total.variation += weight * part.variation;
}

Divergence discrete_divergence(std::span<const double> p, std::span<const double> q) {
  TR_DCHECK(p.size() == q.size(), "{} and {} outcomes", p.size(), q.size());
  Divergence out{0, 0, 0};
  for (std::size_t i = 0; i < p.size(); ++i) {
    out.kl += kl_term(p[i], q[i]);
    out.overlap += std::sqrt(p[i] * q[i]);
    out.variation += 0.5 * std::abs(p[i] - q[i]);
  }
  return out;
}

Divergence bernoulli_divergence(double p, double q) {
  return discrete_divergence(std::array{p, 1 - p}, std::array{q, 1 - q});
}

double ChannelDensity::log_density(double v) const {
  const double scale = -0.5 * std::log(2 * kPi) - std::log(noise);
  const double up = (v - center - signal) / noise;
  const double down = (v - center + signal) / noise;
  if (positive >= 1) return scale - 0.5 * up * up;
  if (positive <= 0) return scale - 0.5 * down * down;
  const double parts[] = {std::log(positive) - 0.5 * up * up,
                          std::log1p(-positive) - 0.5 * down * down};
  return scale + log_sum_exp(parts);
}

double ChannelDensity::below(double v) const {
  const double root = 1 / (noise * std::sqrt(2.0));
  return 0.5 * (positive * std::erfc(-(v - center - signal) * root) +
                (1 - positive) * std::erfc(-(v - center + signal) * root));
}

void integrate(const ChannelDensity& p, const ChannelDensity& q,
               const std::function<void(double v, double mass)>& visit) {
  const Grid grid = grid_of(p, q);
  for (int i = 0; i <= grid.points; ++i) {
    const double v = grid.low + grid.step * i;
    const double mass = std::exp(p.log_density(v)) * grid.step;
    if (mass > 0) visit(v, mass);
  }
}

Divergence channel_divergence(const ChannelDensity& p, const ChannelDensity& q) {
  if (p == q) return {};
  Divergence out{0, 0, 0};
  if (is_gaussian(p) && is_gaussian(q)) {
    out = gaussian_divergence(p, q);
  } else {
    integrate(p, q, [&](double v, double mass) {
      const double log_ratio = p.log_density(v) - q.log_density(v);
      out.kl += mass * log_ratio;
      out.overlap += mass * std::exp(-0.5 * log_ratio);
    });
  }
  out.variation = variation(p, q, grid_of(p, q));
  return out;
}

}  // namespace tightrope
