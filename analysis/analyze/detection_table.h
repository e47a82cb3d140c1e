// SPDX-License-Identifier: Apache-2.0
// How well the detectors did on a run folder, in one short table.
#pragma once

#include <string>

namespace tightrope {

// By series and detector, over all analysed segments of the folder (seeds, arms and stages): ARL0
// with its lower bound from the drift-free streams, then ARL1, MTD, MDR with Wilson's interval and
// MTR from those with drifts. Read from the analysis files; Markdown. Empty when none holds alarms.
std::string detection_table(const std::string& folder);

}  // namespace tightrope
