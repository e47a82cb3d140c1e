// SPDX-License-Identifier: Apache-2.0
// The reader: works on log files alone, without the engine.
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/version.h"
#include "core/tables/run_folder.h"

namespace tightrope {
namespace {

constexpr const char* kHelp =
    "tightrope table FOLDER [--no-write]\n"
    "  prints the tables and claims of a run folder and writes them to FOLDER/tables\n";

int table(const std::vector<std::string>& args) {
  bool write = true;
  std::string folder;
  for (const std::string& arg : args) {
    if (arg == "--help") {
      std::cout << kHelp;
      return 0;
    }
    if (arg == "--no-write") {
      write = false;
    } else if (folder.empty() && arg[0] != '-') {
      folder = arg;
    } else {
      throw InputError("unexpected argument " + arg + "\n" + kHelp);
    }
  }
  if (folder.empty()) throw InputError(kHelp);
  const Manifest manifest = read_manifest(folder);
  const Results results = read_results(folder, manifest);
  const Summary summary = summarise(manifest, results);
  std::cout << summary.markdown();
  if (write) {
    for (const std::string& path : write_tables(folder, summary, results)) {
      std::cout << "wrote " << path << "\n";
    }
  }
  return 0;
}

int dispatch(const std::vector<std::string>& args) {
  if (!args.empty() && args[0] == "table") return table({args.begin() + 1, args.end()});
  if (!args.empty() && args[0] == "--version") {
    std::cout << "tightrope-reader " << program_version() << "\n";
    return 0;
  }
  if (!args.empty() && args[0] == "--help") {
    std::cout << kHelp;
    return 0;
  }
  throw InputError(std::string("unknown command; known: table\n") + kHelp);
}

}  // namespace
}  // namespace tightrope

int main(int count, char** values) {
  try {
    return tightrope::dispatch({values + 1, values + count});
  } catch (const tightrope::InputError& error) {
    std::cerr << error.what() << "\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
