// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iostream>
#include <set>

#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/commands/command.h"
#include "core/registry/registry.h"

namespace tightrope {
namespace {

int list(const std::vector<std::string>& args) {
  const po::variables_map values =
      parse_arguments("list", args, po::options_description("options"), {"KIND"}, 0);
  const std::string wanted = values.count("KIND") > 0 ? values["KIND"].as<std::string>() : "";
  std::set<std::string> kinds;
  std::string shown;
  for (const ComponentInfo& info : all_components()) {
    kinds.insert(info.kind);
    if (!wanted.empty() && info.kind != wanted) continue;
    if (info.kind != shown) std::cout << (shown.empty() ? "" : "\n") << info.kind << "\n";
    shown = info.kind;
    std::cout << fmt::format("  {:<20} {}\n", info.name, info.summary);
  }
  if (shown.empty()) {
    const std::vector<std::string> names(kinds.begin(), kinds.end());
    const auto near = nearest(wanted, names);
    throw InputError(fmt::format("unknown kind \"{}\"{}; known: {}", wanted,
                                 near ? fmt::format("; did you mean \"{}\"?", *near) : "",
                                 join(names, ", ")));
  }
  return 0;
}

}  // namespace

TR_COMMAND(list, "list", "list [KIND]", "list the registered components", list);

}  // namespace tightrope
