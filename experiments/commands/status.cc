// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "core/commands/command.h"
#include "core/log/writer.h"
#include "core/tables/run_folder.h"

namespace tightrope {
namespace {

std::string pack_state(const std::string& path) {
  if (std::filesystem::exists(path + ".failed")) return "failed";
  switch (log_state(path)) {
    case LogState::kFinished:
      return "done";
    case LogState::kPartial:
      return std::filesystem::exists(path + ".ckpt") ? "unfinished, has a checkpoint"
                                                     : "unfinished";
    case LogState::kNone:
      break;
  }
  return "waiting";
}

int status(const std::vector<std::string>& args) {
  const po::variables_map values =
      parse_arguments("status", args, po::options_description("options"), {"FOLDER"}, 1);
  const std::string folder = values["FOLDER"].as<std::string>();
  const Manifest manifest = read_manifest(folder);
  std::map<std::string, int> runs;
  std::map<std::string, std::string> states;
  for (const Manifest::RunLine& run : manifest.runs) {
    auto& state = states[run.pack];
    if (state.empty()) state = pack_state(folder + "/packs/" + run.pack + ".h5");
    ++runs[state];
  }
  std::cout << fmt::format("{} ({}): {} runs\n", manifest.experiment, folder, manifest.runs.size());
  for (const auto& [state, count] : runs) std::cout << fmt::format("  {:>8} {}\n", count, state);
  for (const auto& [pack, state] : states) {
    if (state != "failed") continue;
    std::ifstream note(folder + "/packs/" + pack + ".h5.failed");
    std::string line;
    std::getline(note, line);
    std::cout << "  " << pack << ": " << line << "\n";
  }
  return 0;
}

}  // namespace

TR_COMMAND(status, "status", "status FOLDER", "say how far a run folder is", status);

}  // namespace tightrope
