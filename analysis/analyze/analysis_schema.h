// SPDX-License-Identifier: Apache-2.0
// The layout of an analysis file, without its alarms: docs/file-format.md says what the variables
// mean. A variable is left out when an axis of it has nothing on it (one environment: no
// transitions) or the log lacks what it is made of.
#pragma once

#include "analysis/analyze/pack_view.h"
#include "core/log/schema.h"

namespace tightrope {

inline constexpr std::int64_t kAnalysisSchemaVersion = 1;

// Requires whole laws at two checkpoints or more.
LogGroup ledger_group(const PackView& view);
LogGroup measures_group(const PackView& view);

// "source>target" for consecutive environments in order of time.
std::vector<std::string> transition_names(const PackView& view);

}  // namespace tightrope
