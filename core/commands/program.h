// SPDX-License-Identifier: Apache-2.0
// What the two programs share: help, --version, --plugin, the choice of a command, exit codes.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace tightrope {

struct ProgramText {
  std::string name;     // "tightrope"
  std::string summary;  // one line, first of the help
};

// Runs the command that args[0] names with the others, after loading what every `--plugin FILE`
// names. Returns its exit code; throws InputError for an unknown command, with the nearest one.
int dispatch(const ProgramText& program, const std::vector<std::string>& args);

// Calls `body`; prints what it throws. HelpShown: 0, InputError: 2, anything else: 1.
int guarded(const std::function<int()>& body);

}  // namespace tightrope
