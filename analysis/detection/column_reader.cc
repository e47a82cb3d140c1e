// SPDX-License-Identifier: Apache-2.0
#include "analysis/detection/column_reader.h"

#include <array>
#include <filesystem>
#include <fstream>

#include "core/base/check.h"

namespace tightrope {
namespace {

bool is_hdf5(const std::string& path) {
  constexpr std::array<char, 8> kSignature = {'\x89', 'H', 'D', 'F', '\r', '\n', '\x1a', '\n'};
  std::ifstream file(path, std::ios::binary);
  std::array<char, 8> head{};
  file.read(head.data(), head.size());
  return head == kSignature;
}

}  // namespace

std::unique_ptr<ColumnReader> open_column(const std::string& path, const ColumnOptions& options) {
  if (path != "-") {
    TR_REQUIRE(std::filesystem::exists(path), "{}: there is no such file", path);
    TR_REQUIRE(!std::filesystem::is_directory(path), "{}: is a folder, not a file", path);
    // A pipe can be read only once, so only a regular file is looked into.
    if (std::filesystem::is_regular_file(path) && is_hdf5(path)) {
      return internal::open_hdf5_column(path, options);
    }
  }
  TR_REQUIRE(!options.segment, "{}: --segment is for HDF5 files", path);
  return internal::open_text_column(path, options);
}

}  // namespace tightrope
