// SPDX-License-Identifier: Apache-2.0
#include "core/tables/manifest_lines.h"

#include <filesystem>
#include <fstream>

#include "core/base/check.h"
#include "core/log/files.h"

namespace tightrope {
namespace {

constexpr std::uint64_t kMaximumBytes = std::uint64_t{1} << 30;

// Without the long texts that a damaged line may drag into the message.
std::string shortened(std::string text) {
  constexpr std::size_t kMost = 300;
  if (text.size() > kMost) text = text.substr(0, kMost) + " ...";
  return text;
}

}  // namespace

int read_manifest_lines(const std::string& folder,
                        const std::function<void(const nlohmann::ordered_json&)>& take) {
  TR_REQUIRE(std::filesystem::exists(folder), "{}: there is no such folder", folder);
  const std::string path = folder + "/manifest.jsonl";
  TR_REQUIRE(file_exists(path), "{}: is not a run folder: it has no manifest.jsonl", folder);
  if (!is_regular_file(path) || file_size(path) > kMaximumBytes) {
    throw IoError(fmt::format("{}: not a file of at most {} bytes", path, kMaximumBytes));
  }
  std::ifstream in(path);
  if (!in) throw IoError("cannot read " + path);
  int number = 0;
  const auto damaged = [&](const std::exception& error) {
    return IoError(
        fmt::format("{}:{}: damaged manifest: {}", path, number, shortened(error.what())));
  };
  for (std::string line; std::getline(in, line);) {
    ++number;
    try {
      take(nlohmann::ordered_json::parse(line));
    } catch (const nlohmann::json::exception& error) {
      throw damaged(error);
    } catch (const InputError& error) {
      throw damaged(error);
    } catch (const IoError& error) {
      throw damaged(error);
    }
  }
  return number;
}

}  // namespace tightrope
