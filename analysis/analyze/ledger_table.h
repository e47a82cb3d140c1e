// SPDX-License-Identifier: Apache-2.0
// The ledger of a run folder in one short table.
#pragma once

#include <string>

namespace tightrope {

// Beneficial, detrimental and net drift of every run's last stage in one step, by table row and
// environment, thinking and outcome apart, and the net of all its stages where it has several: mean
// over seeds with 95 % t interval, in nats per sequence. Read from the analysis files of the
// folder; Markdown. Empty when the folder has no manifest or no analysed run.
std::string ledger_table(const std::string& folder);

}  // namespace tightrope
