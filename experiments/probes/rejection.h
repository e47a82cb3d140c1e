// SPDX-License-Identifier: Apache-2.0
// Probes whose cases must have a property: drawn from the environment until they have.
#pragma once

#include <functional>
#include <string>

#include "core/api/probe.h"

namespace tightrope {

// Case r is the first of the environment's cases at stream.at(0, r), stream.at(1, r), ... that
// `wanted(one, r)` accepts, `one` holding it alone. Throws InputError "no ... in 20000 cases of the
// environment" with `what(r)` when none of as many is.
void draw_until(const Environment& environment, const Stream& stream, int count, Cases& out,
                const std::function<bool(const Cases& one, int r)>& wanted,
                const std::function<std::string(int r)>& what);

}  // namespace tightrope
