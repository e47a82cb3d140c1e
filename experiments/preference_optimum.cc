// SPDX-License-Identifier: Apache-2.0
#include "experiments/preference_optimum.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/math.h"

namespace tightrope {
namespace {

// Solves A x = b of a symmetric positive definite A [n, n] in place (Cholesky).
void solve(std::vector<double>& a, std::vector<double>& b) {
  const std::size_t n = b.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      TR_CHECK(i != j || sum > 0, "a curvature of {}", sum);
      a[i * n + j] = i == j ? std::sqrt(sum) : sum / a[j * n + j];
    }
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
}

struct Penalised {
  std::span<const double> weight;
  std::size_t n;
  double penalty;

  double loss(const std::vector<double>& s) const {
    double out = 0;
    for (std::size_t i = 0; i < n; ++i) {
      out += 0.5 * penalty * s[i] * s[i];
      for (std::size_t j = 0; j < n; ++j) {
        if (i != j) out -= weight[i * n + j] * log_sigmoid(s[i] - s[j]);
      }
    }
    return out;
  }

  // The Newton step; returns the largest entry of the gradient.
  double step(const std::vector<double>& s, std::vector<double>& out) const {
    std::vector<double> curvature(n * n, 0.0);
    out.assign(n, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      curvature[i * n + i] += penalty;
      out[i] -= penalty * s[i];
      for (std::size_t j = 0; j < n; ++j) {
        if (i == j) continue;
        const double p = sigmoid(s[j] - s[i]);
        const double slope = weight[i * n + j] * p, bend = slope * (1 - p);
        out[i] += slope;
        out[j] -= slope;
        curvature[i * n + i] += bend;
        curvature[j * n + j] += bend;
        curvature[i * n + j] -= bend;
        curvature[j * n + i] -= bend;
      }
    }
    double largest = 0;
    for (const double g : out) largest = std::max(largest, std::abs(g));
    solve(curvature, out);
    return largest;
  }
};

// [U, Z, Z] q(j | i, u); empty when the expert does not know it.
std::vector<double> alternatives(const Expert& expert, const ExpertContext& context) {
  const int diseases = context.world.vocabulary().diseases();
  std::vector<double> out;
  for (int u = 0; u < context.world.sites(); ++u) {
    for (int i = 0; i < diseases; ++i) {
      const std::vector<double> law = expert.alternative_law(context, u, i);
      if (law.empty()) return {};
      out.insert(out.end(), law.begin(), law.end());
    }
  }
  return out;
}

}  // namespace

std::vector<double> pairwise_optimum(std::span<const double> weight, int diseases) {
  const auto n = static_cast<std::size_t>(diseases);
  TR_CHECK(weight.size() == n * n, "{} weights of {} diseases", weight.size(), diseases);
  double total = 0;
  for (std::size_t i = 0; i < n * n; ++i) total += i % (n + 1) == 0 ? 0 : weight[i];
  std::vector<double> s(n, 0.0), step, next(n);
  if (total <= 0) return s;
  const Penalised problem{weight, n, 1e-9 * total};
  double loss = problem.loss(s);
  for (int iteration = 0; iteration < 200; ++iteration) {
    if (problem.step(s, step) <= 1e-13 * total) return s;
    double scale = 1, tried = 0;
    do {  // the loss is convex: a short enough step lowers it, or it is at its least to rounding
      for (std::size_t i = 0; i < n; ++i) next[i] = s[i] + scale * step[i];
      tried = problem.loss(next);
      scale /= 2;
    } while (tried > loss && scale > 1e-12);
    if (tried >= loss) return s;
    s = next;
    loss = tried;
  }
  TR_CHECK(false, "no optimum of {} diseases after 200 steps", diseases);
}

std::vector<double> population_optimum(const Optimizer& optimizer, const Expert* expert,
                                       const World& world, const Environment& training,
                                       const Cases& cases) {
  const auto n = static_cast<std::size_t>(world.vocabulary().diseases());
  const bool imitates = optimizer.trajectories() == TrajectoryKind::kSupervised;
  const std::optional<double> beta = optimizer.logistic_beta();
  std::vector<double> q;
  if (!imitates) {
    if (!beta || expert == nullptr) return {};
    q = alternatives(*expert, {world, training, cases, {}});
    if (q.empty()) return {};
  }
  std::vector<double> out, joint(world.sites() * n), weight(n * n), row(n);
  for (int c = 0; c < cases.size(); ++c) {
    training.joint_of_image(cases.image_of(c), joint);
    std::fill(row.begin(), row.end(), 0.0);
    std::fill(weight.begin(), weight.end(), 0.0);
    for (std::size_t h = 0; h < joint.size(); ++h) {
      row[h % n] += joint[h];
      for (std::size_t j = 0; !imitates && j < n; ++j) {
        weight[h % n * n + j] += joint[h] * q[h * n + j];
      }
    }
    for (double& p : row) p = std::log(std::max(p, 1e-300));
    if (!imitates) {
      const std::vector<double> scaled = pairwise_optimum(weight, static_cast<int>(n));
      for (std::size_t z = 0; z < n; ++z) row[z] += scaled[z] / *beta;
    }
    const double norm = log_sum_exp(row);
    for (const double p : row) out.push_back(p - norm);
  }
  return out;
}

}  // namespace tightrope
