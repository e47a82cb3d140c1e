// SPDX-License-Identifier: Apache-2.0
#include "core/commands/program.h"

#include <fmt/format.h>

#include <exception>
#include <iostream>

#include "core/base/error.h"
#include "core/base/strings.h"
#include "core/base/version.h"
#include "core/commands/command.h"
#include "core/registry/plugin_loader.h"
#include "core/registry/registry.h"

namespace tightrope {
namespace {

std::string help(const ProgramText& program) {
  std::string out = program.name + ": " + program.summary + "\n\n";
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

}  // namespace

int dispatch(const ProgramText& program, const std::vector<std::string>& all) {
  const std::vector<std::string> args = without_plugins(all);
  if (args.empty() || args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
    std::cout << help(program);
    return args.empty() ? 2 : 0;
  }
  if (args[0] == "--version") {
    std::cout << program.name << " " << program_version() << " (" << program_revision() << ")\n";
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

int guarded(const std::function<int()>& body) {
  try {
    const int code = body();
    std::cout.flush();
    if (std::cout) return code;
    throw IoError("cannot write to standard output");
  } catch (const HelpShown& help) {
    std::cout << help.text;
    return 0;
  } catch (const InputError& error) {
    std::cerr << error.what() << "\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}

}  // namespace tightrope
