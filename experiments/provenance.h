// SPDX-License-Identifier: Apache-2.0
// Who made a file: versions, machine and instruction set; and the grid of drift times.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "experiments/experiment.h"

namespace tightrope {

// Root attributes of a log: version, revision, device, instruction_set, threads, hostname,
// created_utc.
std::vector<std::pair<std::string, std::string>> provenance(const std::string& device, int threads);

// "2026-01-31T12:00:00Z"
std::string utc_now();

// Stream times at which /drift is logged: every `record.every` steps and the end.
std::vector<std::int64_t> drift_times(const Experiment& experiment);

}  // namespace tightrope
