// SPDX-License-Identifier: Apache-2.0
// Commands of the engine: one file each, registered on its last line.
#pragma once

#include <boost/program_options.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tightrope {

namespace po = boost::program_options;

struct Command {
  std::string usage;                                        // "run FILE.yaml [options]"
  std::string summary;                                      // one line
  std::function<int(const std::vector<std::string>&)> run;  // arguments behind the name; exit code
};

// Thrown by parse_arguments for --help; main prints the text and exits 0.
struct HelpShown {
  std::string text;
};

// By name.
std::map<std::string, Command>& commands();

// Parses options and positional arguments strictly; throws InputError naming the word that is
// wrong, what is allowed and the usage line. `positional` names them in order; the last may repeat
// when `repeat_last`.
po::variables_map parse_arguments(const std::string& command, const std::vector<std::string>& args,
                                  po::options_description options,
                                  const std::vector<std::string>& positional, std::size_t required,
                                  bool repeat_last = false);

}  // namespace tightrope

#define TR_COMMAND(identifier, name, usage, summary, function) \
  [[maybe_unused]] static const bool tr_command_##identifier = \
      ::tightrope::commands().emplace(name, ::tightrope::Command{usage, summary, function}).second
