// SPDX-License-Identifier: Apache-2.0
// The reward of every token of one trajectory: the KL penalty at each, the score at the last.
#pragma once

#include <cstdint>
#include <span>

namespace tightrope {

// reward_t = -coefficient kl_t, plus `score` at the last token with mask 1; 0 where masked. Spans
// have the trajectory's length T; kl (nat) may be empty: no penalty.
inline void token_rewards(std::span<const std::uint8_t> mask, std::span<const double> kl,
                          double coefficient, double score, std::span<double> reward) {
  bool last = true;
  for (std::size_t t = mask.size(); t-- > 0;) {
    reward[t] = 0;
    if (mask[t] == 0) continue;
    if (!kl.empty()) reward[t] = -coefficient * kl[t];
    if (last) reward[t] += score;
    last = false;
  }
}

}  // namespace tightrope
