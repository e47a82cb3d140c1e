// SPDX-License-Identifier: Apache-2.0
// When and how far a stage's reference policy follows the policy. The reference begins as the
// stage's frozen snapshot; after every step the schedule may move it:
//
//   ref := w policy + (1 - w) ref        parameter by parameter
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/api/optimizer.h"
#include "core/registry/registry.h"

namespace tightrope {

class ReferenceSchedule {
 public:
  virtual ~ReferenceSchedule() = default;
  // Whether the reference stays what it was: its log-probs on fixed data are then computed once.
  virtual bool frozen() const { return false; }
  // The metric of the step that after_step() reads; empty: none.
  virtual std::string watches() const { return ""; }
  // What changes from step to step (a detector's state), at the stage's start. The caller owns it
  // and keeps it in checkpoints.
  virtual std::vector<double> initial_state() const { return {}; }
  // The weight w in [0, 1] with which the reference follows after step `step` (0-based, within the
  // stage); 0: it stays. `watched` is the watched metric's value of that step. Moves `state` on.
  virtual double after_step(std::int64_t step, double watched,
                            std::vector<double>& state) const = 0;
};

template <>
struct InterfaceName<ReferenceSchedule> {
  static constexpr auto value = "reference_schedule";
};

}  // namespace tightrope
