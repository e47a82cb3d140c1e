// SPDX-License-Identifier: Apache-2.0
// Dotted paths into an experiment, as sweeps and `--set` write them.
#pragma once

#include <string>
#include <vector>

#include "core/config/node.h"
#include "core/config/problems.h"

namespace tightrope {

// `experiment` with the value at `path` replaced. A first segment that is the `name` of an item of
// `stages:` means that stage (rft.optimizer.beta); the path "rft" alone merges a mapping into the
// stage. Any other first segment must be a key of the experiment or one of `known_keys`; else, and
// when the path runs through a value, a problem at the value's mark, with the nearest name.
Node apply_override(const Node& experiment, const std::string& path, const Node& value,
                    Problems& problems, const std::vector<std::string>& known_keys = {});

}  // namespace tightrope
