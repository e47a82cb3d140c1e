// SPDX-License-Identifier: Apache-2.0
// Training cases that come from a CCF file (data.file).
#pragma once

#include <cstdint>
#include <string>

#include "core/api/cases.h"
#include "core/api/world.h"
#include "core/config/problems.h"
#include "experiments/experiment.h"
#include "experiments/plan.h"

namespace tightrope {

// FNV-1a, 64 bits, of a file's bytes; remembered per file, size and time of change. Throws
// InputError when it cannot be read.
std::uint64_t content_hash(const std::string& path);

// The first stage.cases records of stage.file, with their ids; malformed ones are left out when
// the stage says so. Throws InputError for a malformed record otherwise, for one without image,
// site or attributes, and when the file has fewer.
Cases read_case_file(const Stage& stage, const World& world);

// Reads every file of the plan's stages once, cases and the expert's counterfactuals of them, so
// that what is wrong with them shows before anything runs.
void check_case_files(const Plan& plan, Problems& problems);

}  // namespace tightrope
