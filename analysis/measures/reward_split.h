// SPDX-License-Identifier: Apache-2.0
// How much of a policy's move was needed for the reward that it changed, and how much was excess.
// With p0 the policy before, pi the one now and c = E_pi[r], the law nearest to p0 among those of
// the same reward is the exponential tilt
//
//   p_l(x) = p0(x) exp(l r(x)) / Z(l)      with l such that E_{p_l}[r] = c,
//
// and, because pi has that reward too, Pythagoras holds exactly (Csiszar 1975, Ann. Probab. 3:146):
//
//   KL(pi || p0) = KL(p_l || p0)  +  KL(pi || p_l)
//                  needed = l c - ln Z(l)    excess
//
// l > 0: the reward rose, what was needed is beneficial; l < 0: it fell.
#pragma once

#include <cmath>
#include <span>

namespace tightrope {

// Divergences in nats.
struct RewardSplit {
  double needed = 0;         // KL(p_l || p0), >= 0
  double excess = 0;         // KL(pi || p_l), >= 0
  double lambda = 0;         // l, per unit of reward; +-inf where the reward is at its bound
  double reward = 0;         // c = E_pi[r]
  double reward_before = 0;  // E_p0[r]

  double total() const { return needed + excess; }  // KL(pi || p0)
  // needed / total, in [0, 1]: the share of the move that changed the reward. 0 without a move and
  // where the total is infinite.
  double efficiency() const { return needed > 0 && std::isfinite(total()) ? needed / total() : 0; }
};

// Of laws over the same V trajectories. log_pi, log_p0 [V]: log-probabilities, -inf allowed;
// reward [V] finite. Exact to rounding: the root of the tilt is bracketed and found to the last
// bits (Boost.Math TOMS 748), and needed + excess is KL(pi || p0) to 1e-12 of it.
//
// The edges. c equal to the greatest (least) reward on p0's support: the tilt is the limit, p0
// conditioned on that reward, l = +inf (-inf). One reward on the whole support: needed = l = 0, all
// is excess. pi on a cell that p0 leaves empty: excess = +inf, needed as far as c lies within the
// rewards of p0's support and +inf with lambda = +-inf where it lies outside. Throws InputError for
// sizes that differ, rewards that are not finite, laws that do not sum to 1 within 1e-6.
RewardSplit split_reward(std::span<const double> log_pi, std::span<const double> log_p0,
                         std::span<const double> reward);

// The same for a reward that is 1 (success) or 0, in closed form: with success rates c and c0,
//
//   needed = c ln(c / c0) + (1 - c) ln((1 - c) / (1 - c0))
//   excess = c KL(pi(.|ok) || p0(.|ok)) + (1 - c) KL(pi(.|fail) || p0(.|fail))
//
// success [V]: whether the trajectory succeeds. Edges as above.
RewardSplit split_binary_reward(std::span<const double> log_pi, std::span<const double> log_p0,
                                std::span<const bool> success);

}  // namespace tightrope
