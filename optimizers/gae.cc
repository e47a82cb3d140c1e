// SPDX-License-Identifier: Apache-2.0
#include "optimizers/gae.h"

namespace tightrope {

void generalised_advantage(const GaeOptions& options, std::span<const std::uint8_t> mask,
                           std::span<const double> reward, std::span<const double> value, Cut cut,
                           double value_after, std::span<double> advantage,
                           std::span<double> target_return) {
  double next_value = cut == Cut::kTruncated ? value_after : 0.0;
  double next_advantage = 0;
  for (std::size_t t = mask.size(); t-- > 0;) {
    advantage[t] = target_return[t] = 0;
    if (mask[t] == 0) continue;
    const double here = value.empty() ? 0.0 : value[t];
    const double delta = reward[t] + options.gamma * next_value - here;
    next_advantage = delta + options.gamma * options.lambda * next_advantage;
    next_value = here;
    advantage[t] = next_advantage;
    target_return[t] = next_advantage + here;
  }
}

}  // namespace tightrope
