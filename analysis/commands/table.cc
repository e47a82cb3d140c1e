// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "core/commands/command.h"
#include "core/tables/run_folder.h"

namespace tightrope {
namespace {

int table(const std::vector<std::string>& args) {
  po::options_description flags("options");
  flags.add_options()("no-write", "print only");
  const po::variables_map values = parse_arguments("table", args, flags, {"FOLDER"}, 1);
  const auto folder = values["FOLDER"].as<std::string>();
  const Manifest manifest = read_manifest(folder);
  const Results results = read_results(folder, manifest);
  const Summary summary = summarise(manifest, results);
  std::cout << summary.markdown();
  if (values.count("no-write") > 0) return 0;
  for (const std::string& path : write_tables(folder, summary, results)) {
    std::cout << "wrote " << path << "\n";
  }
  return 0;
}

}  // namespace

TR_COMMAND(table, "table", "table FOLDER [--no-write]",
           "print the tables and claims of a run folder, write them to FOLDER/tables", table);

}  // namespace tightrope
