// SPDX-License-Identifier: Apache-2.0
// The scores of a pack's alarms as variables of /alarms.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/detection/evaluation.h"
#include "core/log/schema.h"
#include "core/log/writer.h"

namespace tightrope {

// One entry per segment, series and detector; none where the detector was not applied.
using AlarmScores = std::vector<std::optional<DetectionScores>>;

// [segment, series, detector]: counts (0 without an entry) and figures (NaN where undefined).
std::vector<LogVariable> score_variables();
void write_scores(const AlarmScores& scores, LogWriter& writer);

}  // namespace tightrope
