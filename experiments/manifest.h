// SPDX-License-Identifier: Apache-2.0
// Writes manifest.jsonl: the frozen plan that results are read by.
#pragma once

#include <string>

#include "experiments/plan.h"
#include "experiments/reporting.h"

namespace tightrope {

// One header line, one line per segment (with its resolved settings), one line per run. Streamed:
// memory does not grow with the plan. Replaced by a rename.
void write_manifest(const std::string& path, const std::string& experiment, const Plan& plan,
                    const std::vector<std::string>& environments, const Reporting& reporting);

}  // namespace tightrope
