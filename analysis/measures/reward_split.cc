// SPDX-License-Identifier: Apache-2.0
#include "analysis/measures/reward_split.h"

#include <algorithm>
#include <boost/math/tools/toms748_solve.hpp>
#include <limits>
#include <numeric>
#include <vector>

#include "core/base/check.h"
#include "core/base/math.h"

namespace tightrope {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<double> normalised(std::span<const double> log_law, const char* name) {
  const double total = log_sum_exp(log_law);
  TR_REQUIRE(std::abs(total) <= 1e-6, "{} sums to {}: a law must sum to 1 within 1e-6", name,
             std::exp(total));
  std::vector<double> law(log_law.begin(), log_law.end());
  for (double& x : law) x -= total;
  return law;
}

struct Laws {
  std::vector<double> log_pi, log_p0;
  bool within_support = true;  // pi << p0

  Laws(std::span<const double> pi, std::span<const double> p0, std::size_t rewards) {
    TR_REQUIRE(pi.size() == p0.size() && pi.size() == rewards,
               "{} log-probabilities now, {} before, {} rewards: there must be one of each for "
               "every trajectory",
               pi.size(), p0.size(), rewards);
    log_pi = normalised(pi, "the policy's law");
    log_p0 = normalised(p0, "the law before");
    for (std::size_t i = 0; i < log_pi.size(); ++i) {
      if (log_pi[i] > kNegativeInfinity && log_p0[i] == kNegativeInfinity) within_support = false;
    }
  }
};

double mean_under(std::span<const double> log_law, std::span<const double> reward) {
  double sum = 0;
  for (std::size_t i = 0; i < log_law.size(); ++i) sum += std::exp(log_law[i]) * reward[i];
  return sum;
}

// sum_i pi_i (ln pi_i - ln q_i)
double kl_of_logs(std::span<const double> log_pi, std::span<const double> log_q) {
  double sum = 0;
  for (std::size_t i = 0; i < log_pi.size(); ++i) {
    if (log_pi[i] > kNegativeInfinity) sum += std::exp(log_pi[i]) * (log_pi[i] - log_q[i]);
  }
  return std::max(sum, 0.0);
}

// The rewards of p0's support, measured from the bound that c is nearer to: gap >= 0 on the support
// and `wanted` its mean, both without cancellation. sign: +1 from the greatest reward, -1 from the
// least; the reward is bound - sign gap.
struct Gaps {
  std::vector<double> gap;
  double wanted = 0;
  double sign = 1;
  double widest = 0;
};

Gaps gaps_from(const Laws& laws, std::span<const double> reward, double bound, double other) {
  Gaps g;
  g.sign = bound >= other ? 1 : -1;
  g.widest = std::abs(bound - other);
  for (const double r : reward) g.gap.push_back(g.sign * (bound - r));
  g.wanted = mean_under(laws.log_pi, g.gap);
  return g;
}

// ln p0 - t gap, not normalised: the tilt with l = sign t.
std::vector<double> tilted(const Laws& laws, const Gaps& g, double t) {
  std::vector<double> log_law(laws.log_p0);
  for (std::size_t i = 0; i < log_law.size(); ++i) {
    if (log_law[i] > kNegativeInfinity) log_law[i] -= t * g.gap[i];
  }
  return log_law;
}

// ln of the tilt's mean gap, less ln of the wanted one: falls as t rises.
double surplus(const Laws& laws, const Gaps& g, double t) {
  const std::vector<double> log_law = tilted(laws, g, t);
  std::vector<double> with_gap;
  for (std::size_t i = 0; i < log_law.size(); ++i) {
    if (log_law[i] > kNegativeInfinity && g.gap[i] > 0) {
      with_gap.push_back(log_law[i] + std::log(g.gap[i]));
    }
  }
  return log_sum_exp(with_gap) - log_sum_exp(log_law) - std::log(g.wanted);
}

double root_of(const Laws& laws, const Gaps& g) {
  const auto f = [&](double t) { return surplus(laws, g, t); };
  const double start = f(0);
  if (start == 0) return 0;
  double near = 0, far = (start > 0 ? 1 : -1) / g.widest;
  double at_near = start, at_far = f(far);
  while ((at_far > 0) == (start > 0) && at_far != 0) {
    near = far;
    at_near = at_far;
    far *= 2;
    TR_CHECK(std::isfinite(far), "no tilt has mean gap {} of {}", g.wanted, g.widest);
    at_far = f(far);
  }
  if (at_far == 0) return far;
  std::uintmax_t iterations = 200;
  const bool upwards = near < far;
  const auto bracket = boost::math::tools::toms748_solve(
      f, upwards ? near : far, upwards ? far : near, upwards ? at_near : at_far,
      upwards ? at_far : at_near, boost::math::tools::eps_tolerance<double>(52), iterations);
  return std::midpoint(bracket.first, bracket.second);
}

// With the tilt that conditions p0 on gap 0.
void split_at_bound(const Laws& laws, const Gaps& g, RewardSplit& split) {
  std::vector<double> log_law(laws.log_p0);
  for (std::size_t i = 0; i < log_law.size(); ++i) {
    if (g.gap[i] != 0) log_law[i] = kNegativeInfinity;
  }
  const double log_mass = log_sum_exp(log_law);
  for (double& x : log_law) x -= log_mass;
  split.needed = std::max(-log_mass, 0.0);
  split.excess = kl_of_logs(laws.log_pi, log_law);
  split.lambda = g.sign * kInfinity;
}

void split_inside(const Laws& laws, const Gaps& g, RewardSplit& split) {
  const double t = root_of(laws, g);
  std::vector<double> log_law = tilted(laws, g, t);
  const double log_z = log_sum_exp(log_law);
  for (double& x : log_law) x -= log_z;
  split.needed = std::max(-t * g.wanted - log_z, 0.0);
  split.excess = kl_of_logs(laws.log_pi, log_law);
  split.lambda = g.sign * t;
}

}  // namespace

RewardSplit split_reward(std::span<const double> log_pi, std::span<const double> log_p0,
                         std::span<const double> reward) {
  for (std::size_t i = 0; i < reward.size(); ++i) {
    TR_REQUIRE(std::isfinite(reward[i]), "reward[{}] is {}: it must be finite", i, reward[i]);
  }
  const Laws laws(log_pi, log_p0, reward.size());
  double low = kInfinity, high = -kInfinity;
  for (std::size_t i = 0; i < reward.size(); ++i) {
    if (laws.log_p0[i] == kNegativeInfinity) continue;
    low = std::min(low, reward[i]);
    high = std::max(high, reward[i]);
  }
  RewardSplit split;
  split.reward = mean_under(laws.log_pi, reward);
  split.reward_before = mean_under(laws.log_p0, reward);
  const double c = split.reward;
  const bool outside = !laws.within_support && (c < low || c > high);
  if (outside) {
    split.needed = kInfinity;
    split.excess = kInfinity;
    split.lambda = c > high ? kInfinity : -kInfinity;
    return split;
  }
  if (low == high) {
    split.excess = kl_of_logs(laws.log_pi, laws.log_p0);
    return split;
  }
  const bool nearer_high = high - c <= c - low;
  const Gaps g =
      nearer_high ? gaps_from(laws, reward, high, low) : gaps_from(laws, reward, low, high);
  if (g.wanted <= 0) {
    split_at_bound(laws, g, split);
  } else {
    split_inside(laws, g, split);
  }
  if (!laws.within_support) split.excess = kInfinity;
  return split;
}

RewardSplit split_binary_reward(std::span<const double> log_pi, std::span<const double> log_p0,
                                std::span<const bool> success) {
  const Laws laws(log_pi, log_p0, success.size());
  // By outcome (0 fail, 1 success): log-mass under pi and p0.
  std::vector<double> now[2], before[2];
  for (std::size_t i = 0; i < success.size(); ++i) {
    now[success[i]].push_back(laws.log_pi[i]);
    before[success[i]].push_back(laws.log_p0[i]);
  }
  double log_now[2], log_before[2];
  RewardSplit split;
  for (const int outcome : {0, 1}) {
    log_now[outcome] = log_sum_exp(now[outcome]);
    log_before[outcome] = log_sum_exp(before[outcome]);
    if (log_now[outcome] == kNegativeInfinity) continue;
    const double mass = std::exp(log_now[outcome]);
    const double shift = log_now[outcome] - log_before[outcome];
    split.needed += mass * shift;
    double within = 0;  // KL of the conditionals, times the mass
    for (std::size_t i = 0; i < now[outcome].size(); ++i) {
      const double log_p = now[outcome][i];
      if (log_p > kNegativeInfinity)
        within += std::exp(log_p) * (log_p - before[outcome][i] - shift);
    }
    split.excess += std::max(within, 0.0);
  }
  split.needed = std::max(split.needed, 0.0);
  if (!laws.within_support) split.excess = kInfinity;
  split.reward = std::exp(log_now[1]);
  split.reward_before = std::exp(log_before[1]);
  const bool one_reward = log_before[0] == kNegativeInfinity || log_before[1] == kNegativeInfinity;
  if (one_reward) {
    const bool stays = std::isfinite(split.needed);
    split.needed = stays ? 0 : split.needed;
    const double towards = split.reward > split.reward_before ? kInfinity : -kInfinity;
    split.lambda = stays ? 0 : towards;
  } else {
    split.lambda = (log_now[1] - log_now[0]) - (log_before[1] - log_before[0]);
  }
  return split;
}

}  // namespace tightrope
