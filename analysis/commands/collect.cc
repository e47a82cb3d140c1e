// SPDX-License-Identifier: Apache-2.0
#include "analysis/collect/collect.h"

#include <fmt/format.h>

#include <iostream>

#include "core/base/strings.h"
#include "core/commands/command.h"

namespace tightrope {
namespace {

int run(const std::vector<std::string>& args) {
  CollectOptions options;
  std::string groups;
  po::options_description flags("options");
  flags.add_options()                                                               //
      ("out", po::value(&options.out), "file to write (default FOLDER/sweep.h5)")   //
      ("groups", po::value(&groups), "only these, for example scalars,evaluation")  //
      ("partial", po::bool_switch(&options.partial), "also when packs are not finished");
  const po::variables_map values = parse_arguments("collect", args, flags, {"FOLDER"}, 1);
  options.folder = values["FOLDER"].as<std::string>();
  if (options.out.empty()) options.out = options.folder + "/sweep.h5";
  if (!groups.empty()) {
    for (const std::string& name : split(groups, ',')) {
      options.groups.insert(std::string(trim(name)));
    }
  }
  const CollectReport report = collect(options);
  std::cout << fmt::format("{}: {} runs, {} stages, {:.1f} MB\n", options.out, report.runs,
                           report.stages, static_cast<double>(report.bytes) / 1e6);
  if (report.done < report.runs) {
    std::cout << fmt::format("  {} done, {} diverged, {} failed, {} missing\n", report.done,
                             report.diverged, report.failed, report.missing);
  }
  return 0;
}

}  // namespace

TR_COMMAND(collect, "collect", "collect FOLDER [--out sweep.h5]",
           "merge a run folder's packs into one file with a run dimension", run);

}  // namespace tightrope
