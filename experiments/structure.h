// SPDX-License-Identifier: Apache-2.0
// Which segments may be lanes of one pack.
#pragma once

#include <cstdint>

#include "experiments/experiment.h"

namespace tightrope {

// Hash of everything of stage `stage` that lanes of one pack must share: all resolved settings but
// the fields marked per_lane in their schemas.
std::uint64_t structure_hash(const Experiment& experiment, std::size_t stage);

}  // namespace tightrope
