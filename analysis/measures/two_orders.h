// SPDX-License-Identifier: Apache-2.0
// How much of a change is the environment's and how much the policy's adaptation, when both moved
// (the Kitagawa-Oaxaca-Blinder decomposition). With J(policy, world) and primes for after,
//
//   J(pi', W') - J(pi, W) = environment + adaptation + interaction
//   environment = J(pi, W') - J(pi, W)     adaptation = J(pi', W) - J(pi, W)
//   interaction = J(pi', W') - J(pi', W) - J(pi, W') + J(pi, W)
//
// In either order of the two moves, the second one takes the interaction with it; the averaged
// effects give each half, which is the Shapley value of the two. Summed over steps, what is
// averaged telescopes: their sum is the whole change of J (Kitagawa 1955; Oaxaca 1973; Blinder
// 1973).
#pragma once

namespace tightrope {

// J of the four combinations, in any unit.
struct FourValues {
  double before = 0;        // J(pi, W)
  double world_moved = 0;   // J(pi, W')
  double policy_moved = 0;  // J(pi', W)
  double after = 0;         // J(pi', W')
};

// In the unit of J.
struct TwoEffects {
  double environment = 0;  // of the world's move under the old policy
  double adaptation = 0;   // of the policy's move in the old world
  double interaction = 0;  // what both moves do beyond the sum of each alone

  // Over both orders of the moves; their sum is the whole change.
  double environment_averaged() const { return environment + interaction / 2; }
  double adaptation_averaged() const { return adaptation + interaction / 2; }
  // Adaptation as it happens online, after the world has moved: J(pi', W') - J(pi, W').
  double adaptation_after() const { return adaptation + interaction; }
  double total() const { return environment + adaptation + interaction; }

  TwoEffects& operator+=(const TwoEffects& other) {
    environment += other.environment;
    adaptation += other.adaptation;
    interaction += other.interaction;
    return *this;
  }
};

inline TwoEffects two_effects(const FourValues& j) {
  return {j.world_moved - j.before, j.policy_moved - j.before,
          (j.after - j.policy_moved) - (j.world_moved - j.before)};
}

}  // namespace tightrope
