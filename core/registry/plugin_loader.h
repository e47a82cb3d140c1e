// SPDX-License-Identifier: Apache-2.0
// Loads components from shared libraries outside the tree; what these say is in plugin.h.
#pragma once

#include <string>

namespace tightrope {

// Loads a plugin into this process, once; its components are then registered. Throws InputError
// when the file is not there, is no plugin, was built for another version (naming both) or cannot
// be loaded.
void load_plugin(const std::string& path);

}  // namespace tightrope
