// SPDX-License-Identifier: Apache-2.0
// Where the files that ship with the program are.
#pragma once

#include <filesystem>

namespace tightrope {

// The folder that holds graph/data and experiments/configs: the environment's TIGHTROPE_HOME if
// set, else <program>/../share/tightrope (an installed program), else the source folder of the
// build. Throws InputError naming every place tried when none has graph/data.
std::filesystem::path data_folder();

// The folder of the running program's own file.
std::filesystem::path program_folder();

}  // namespace tightrope
