// SPDX-License-Identifier: Apache-2.0
// Which changes of the world a segment's training series can show.
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/analyze/pack_view.h"
#include "analysis/detection/evaluation.h"

namespace tightrope {

// The drifts within each segment, in its own steps (event_time of /drift less the stage's start),
// ascending and apart. A segment whose stage does not train on a stream of the world as it is
// (`data: {kind: stream, environment: now}`) sees none. `gradual`, `incremental` and `adversarial`
// last from their start to their end, `random_walk`, `ornstein_uhlenbeck` and `self` from their
// start on; every event of another process is a change at once. Drifts that touch are one. They may
// begin before the segment and end behind it. IoError for events that do not fit their axes.
std::vector<std::vector<DriftInterval>> drift_truth(const PackView& view);

// Those that samples at the steps first .. last can show, as positions behind `first`. The first
// sample shows no change: a law that is complete there is the only one that the detector sees.
std::vector<DriftInterval> visible_drifts(const std::vector<DriftInterval>& drifts,
                                          std::int64_t first, std::int64_t last);

}  // namespace tightrope
