// SPDX-License-Identifier: Apache-2.0
// SIGINT and SIGTERM as a flag that lanes look at between steps.
#pragma once

#include <atomic>

namespace tightrope {

// Installs the handlers on first use; a second signal ends the program at once.
const std::atomic<bool>& interrupted();

// Thrown out of a run that stopped early and can be resumed: exit code 75.
struct Interrupted {};

}  // namespace tightrope
