// SPDX-License-Identifier: Apache-2.0
// Generalised advantage estimation (arXiv 1506.02438, eqs. 11 and 16) over the scored tokens of one
// trajectory; tokens with mask 0 are skipped, never read.
//
//   delta_t = r_t + gamma V_{t+1} - V_t      A_t = delta_t + gamma lambda A_{t+1}
//   return_t = A_t + V_t
#pragma once

#include <cstdint>
#include <span>

namespace tightrope {

struct GaeOptions {
  double gamma = 1;      // discount per scored token, in [0, 1]
  double lambda = 0.95;  // in [0, 1]
};

// How a trajectory ended: decides V after its last token.
enum class Cut {
  kTerminal,   // the episode is over: V after the last token is 0
  kTruncated,  // a limit cut it: bootstrap from `value_after`
};

// All spans have the trajectory's length T; `value` may be empty (V = 0 everywhere). Fills
// advantage and target_return, 0 where masked. `value_after` is read only with kTruncated.
void generalised_advantage(const GaeOptions& options, std::span<const std::uint8_t> mask,
                           std::span<const double> reward, std::span<const double> value, Cut cut,
                           double value_after, std::span<double> advantage,
                           std::span<double> target_return);

}  // namespace tightrope
