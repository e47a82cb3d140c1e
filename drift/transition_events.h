// SPDX-License-Identifier: Apache-2.0
// The events of one transition, for the log.
#pragma once

#include <string>
#include <vector>

#include "core/api/drift_process.h"

namespace tightrope {

// "start" at position - width/2 and "end" at position + width/2 (both rounded up), as far as they
// lie within 0..horizon; one "switch" when the width is 0.
std::vector<DriftEvent> transition_events(const std::string& process, const std::string& factor,
                                          double position, double width, const DriftClock& clock);

}  // namespace tightrope
