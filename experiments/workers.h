// SPDX-License-Identifier: Apache-2.0
// Spreads independent jobs over threads.
#pragma once

#include <functional>

namespace tightrope {

// Calls job(0) .. job(count - 1), each once, on up to `threads` threads; returns when all are done.
// Which thread runs a job does not matter to its result. The first exception is rethrown.
void parallel_for(int count, int threads, const std::function<void(int)>& job);

}  // namespace tightrope
