// SPDX-License-Identifier: Apache-2.0
// The random streams of one lane.
#pragma once

#include <cstdint>

#include "core/random/stream.h"
#include "experiments/experiment.h"

namespace tightrope {

// The stream of a purpose for a lane's seed; purposes that `seed_varies` leaves out get the same
// stream for every seed.
Stream lane_stream(const Experiment& experiment, Purpose purpose, std::int64_t seed);

}  // namespace tightrope
