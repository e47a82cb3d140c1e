// SPDX-License-Identifier: Apache-2.0
// The engine: everything that runs experiments.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <vector>

#include "core/base/error.h"
#include "core/base/strings.h"
#include "core/base/version.h"
#include "core/registry/plugin_loader.h"
#include "core/registry/registry.h"
#include "experiments/commands/command.h"
#include "experiments/interrupt.h"

namespace tightrope {
namespace {

std::string help() {
  std::string out = "tightrope: a laboratory for non-stationary reinforcement fine-tuning\n\n";
  for (const auto& [name, command] : commands()) {
    out += fmt::format("  {:<44} {}\n", command.usage, command.summary);
  }
  return out +
         "\ntightrope COMMAND --help tells more. --plugin FILE before or behind it loads "
         "components "
         "from a shared library.\n";
}

// Loads what every `--plugin FILE` names and returns the other arguments.
std::vector<std::string> without_plugins(const std::vector<std::string>& args) {
  std::vector<std::string> rest;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i] != "--plugin") {
      rest.push_back(args[i]);
      continue;
    }
    if (i + 1 == args.size()) throw InputError("--plugin: the file of a plugin must follow");
    load_plugin(args[++i]);
  }
  return rest;
}

int dispatch(const std::vector<std::string>& all) {
  const std::vector<std::string> args = without_plugins(all);
  if (args.empty() || args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
    std::cout << help();
    return args.empty() ? 2 : 0;
  }
  if (args[0] == "--version") {
    std::cout << "tightrope " << program_version() << " (" << program_revision() << ")\n";
    return 0;
  }
  const auto found = commands().find(args[0]);
  if (found == commands().end()) {
    std::vector<std::string> names;
    for (const auto& entry : commands()) names.push_back(entry.first);
    const auto near = nearest(args[0], names);
    throw InputError(fmt::format("unknown command \"{}\"{}; known: {}", args[0],
                                 near ? fmt::format("; did you mean \"{}\"?", *near) : "",
                                 join(names, ", ")));
  }
  check_registrations();
  return found->second.run({args.begin() + 1, args.end()});
}

}  // namespace
}  // namespace tightrope

int main(int count, char** values) {
  try {
    return tightrope::dispatch({values + 1, values + count});
  } catch (const tightrope::HelpShown& help) {
    std::cout << help.text;
    return 0;
  } catch (const tightrope::Interrupted&) {
    std::cerr << "stopped early; the same command with --resume continues\n";
    return 75;
  } catch (const tightrope::InputError& error) {
    std::cerr << error.what() << "\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
