// SPDX-License-Identifier: Apache-2.0
#include "drift/transition_events.h"

#include <cmath>

namespace tightrope {

std::vector<DriftEvent> transition_events(const std::string& process, const std::string& factor,
                                          double position, double width, const DriftClock& clock) {
  std::vector<DriftEvent> events;
  const auto add = [&](double time, const char* kind) {
    const std::int64_t step = static_cast<std::int64_t>(std::ceil(time));
    if (step >= 0 && step <= clock.horizon) events.push_back({step, process, factor, kind});
  };
  if (width <= 0) {
    add(position, "switch");
  } else {
    add(position - width / 2, "start");
    add(position + width / 2, "end");
  }
  return events;
}

}  // namespace tightrope
