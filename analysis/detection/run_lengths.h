// SPDX-License-Identifier: Apache-2.0
// Simulates how long a fresh detector runs on a drift-free stream until it says drift.
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/detection/drift_free.h"
#include "core/detectors/detector.h"

namespace tightrope {

struct RunLengthSetup {
  const DriftFreeLaw* law = nullptr;
  std::int64_t cap = 10000;  // a run without a drift in so many samples is cut off there
  int runs = 1000;
  std::uint64_t seed = 1;
  int threads = 1;
};

// Samples up to and with the first drift of every run [runs], or cap + 1 where there was none. Run
// i draws from the stream (seed, calibration) at step i whatever the detector, so that detectors
// are compared on common random numbers; the same for every number of threads. Throws InputError
// when the detector refuses a sample of the law.
std::vector<std::int64_t> simulate_run_lengths(const DetectorModel& model,
                                               const RunLengthSetup& setup);

}  // namespace tightrope
