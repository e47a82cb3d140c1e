// SPDX-License-Identifier: Apache-2.0
#include "core/api/policy.h"

#include "core/base/math.h"

namespace tightrope {

void TokenQuantities::reset(std::size_t tokens, Wanted wanted) {
  log_prob.assign(tokens, 0.0);
  entropy.assign(wanted.entropy ? tokens : 0, 0.0);
  value.assign(wanted.value ? tokens : 0, 0.0);
}

void Policy::step_lanes(std::span<const LaneStep> lanes, Workspace& workspace) const {
  for (const LaneStep& lane : lanes) {
    step(lane.parameters, *lane.batch, lane.data, lane.wanted, *lane.pullback, lane.gradient,
         workspace);
  }
}

void Distributions::reset(const Vocabulary& of, std::size_t tokens) {
  vocabulary = of.size();
  diseases = of.diseases();
  log_prob.assign(tokens * vocabulary, kNegativeInfinity);
  belief.assign(tokens * diseases, 0.0);
}

}  // namespace tightrope
