// SPDX-License-Identifier: Apache-2.0
#include "core/base/paths.h"

#include <cstdlib>
#include <string>
#include <system_error>

#include "core/base/check.h"
#include "tightrope_version.h"

namespace tightrope {

namespace fs = std::filesystem;

namespace {

bool holds_data(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / "graph" / "data", ignored);
}

}  // namespace

fs::path program_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::current_path() : program.parent_path();
}

fs::path data_folder() {
  const char* home = std::getenv("TIGHTROPE_HOME");
  if (home != nullptr && *home != '\0') {
    TR_REQUIRE(holds_data(home), "TIGHTROPE_HOME is '{}', but there is no folder '{}/graph/data'",
               home, home);
    return home;
  }
  const fs::path installed = program_folder().parent_path() / "share" / "tightrope";
  if (holds_data(installed)) {
    return installed;
  }
  const fs::path source = TIGHTROPE_SOURCE_FOLDER;
  TR_REQUIRE(holds_data(source),
             "the program's data files are missing: no graph/data in '{}' nor in '{}'; set "
             "TIGHTROPE_HOME to the folder that holds graph/data",
             installed.string(), source.string());
  return source;
}

}  // namespace tightrope
