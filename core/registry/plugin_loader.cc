// SPDX-License-Identifier: Apache-2.0
#include "core/registry/plugin_loader.h"

#include <dlfcn.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/check.h"
#include "core/base/version.h"

namespace tightrope {
namespace {

// The version a library was built for; empty when it is no plugin.
std::string version_in(const std::string& content) {
  // Put together here, so that the program itself does not look like a plugin.
  const std::string mark = std::string("tightrope-plugin ") + "version=";
  const std::size_t begin = content.find(mark);
  if (begin == std::string::npos) return "";
  const std::size_t first = begin + mark.size();
  return content.substr(first, content.find(';', first) - first);
}

}  // namespace

void load_plugin(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  TR_REQUIRE(file.good() && std::filesystem::is_regular_file(path), "--plugin {}: cannot read it",
             path);
  std::stringstream content;
  content << file.rdbuf();
  const std::string version = version_in(content.str());
  TR_REQUIRE(!version.empty(), "--plugin {}: not a plugin of tightrope: no TR_PLUGIN in it", path);
  TR_REQUIRE(version == program_version(),
             "--plugin {}: built for tightrope {}, this is {}: build it again", path, version,
             program_version());
  const std::string absolute = std::filesystem::absolute(path).string();
  TR_REQUIRE(dlopen(absolute.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr, "--plugin {}: {}", path,
             dlerror());
}

}  // namespace tightrope
