// SPDX-License-Identifier: Apache-2.0
#include "core/log/seal.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/log/files.h"
#include "core/log/hdf5.h"
#include "core/log/layout.h"

namespace tightrope {

namespace {

using Range = std::pair<std::uint64_t, std::uint64_t>;  // first byte, one behind the last

constexpr std::uint64_t kWindow = std::uint64_t{4} << 20;
// A collection of the global heap: signature, version 1, three zeros, u64 size (at least 4096).
constexpr std::string_view kHeap("GCOL\1\0\0\0", 8);
constexpr std::uint64_t kHeapHeader = 16;
constexpr std::uint64_t kSmallestHeap = 4096;
constexpr std::string_view kSignature("\x89HDF\r\n\x1a\n", 8);

std::ifstream open_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw IoError("cannot open " + path);
  return in;
}

std::uint64_t little_endian(const char* bytes) {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// Bytes that only look like a heap are sealed too; that does no harm.
void find_heaps(const std::string& path, std::vector<Range>& out) {
  std::ifstream in = open_bytes(path);
  const std::uint64_t size = file_size(path);
  std::string window;
  for (std::uint64_t start = 0; start + kHeapHeader <= size; start += kWindow) {
    window.resize(std::min(kWindow + kHeapHeader, size - start));
    in.seekg(static_cast<std::streamoff>(start));
    if (!in.read(window.data(), static_cast<std::streamsize>(window.size()))) {
      throw IoError("cannot read " + path);
    }
    for (std::size_t at = window.find(kHeap); at != std::string::npos && at < kWindow;
         at = window.find(kHeap, at + 1)) {
      if (at + kHeapHeader > window.size()) break;
      const std::uint64_t length = little_endian(window.data() + at + 8);
      const std::uint64_t first = start + at;
      if (length >= kSmallestHeap && length <= size - first) out.push_back({first, first + length});
    }
  }
}

void find_contiguous(const hdf5::File& file, const LogSchema& schema, std::vector<Range>& out) {
  const hdf5::Group root = file.root();
  for (const std::string& name : internal::unchunked_datasets(schema)) {
    const auto range = root.open_dataset(name).contiguous_range();
    if (range) out.push_back({range->first, range->first + range->second});
  }
}

std::vector<Range> merged(std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::vector<Range> out;
  for (const Range& range : ranges) {
    if (!out.empty() && range.first <= out.back().second) {
      out.back().second = std::max(out.back().second, range.second);
    } else {
      out.push_back(range);
    }
  }
  return out;
}

std::int64_t hash_of(const std::string& path, const std::vector<Range>& ranges) {
  std::ifstream in = open_bytes(path);
  std::uint64_t hash = hash64("");
  std::string window;
  for (const Range& range : ranges) {
    for (std::uint64_t at = range.first; at < range.second; at += window.size()) {
      window.resize(std::min(kWindow, range.second - at));
      in.seekg(static_cast<std::streamoff>(at));
      if (!in.read(window.data(), static_cast<std::streamsize>(window.size()))) {
        throw IoError("cannot read " + path);
      }
      hash = hash64(window, hash);
    }
  }
  return static_cast<std::int64_t>(hash);
}

std::vector<Range> read_ranges(const LogValue& value, const std::string& path) {
  const auto* numbers = std::get_if<std::vector<std::int64_t>>(&value);
  const std::uint64_t size = file_size(path);
  std::vector<Range> ranges;
  bool sound = numbers != nullptr && numbers->size() % 2 == 0;
  for (std::size_t i = 0; sound && i < numbers->size(); i += 2) {
    const std::int64_t first = (*numbers)[i], length = (*numbers)[i + 1];
    const std::uint64_t previous = ranges.empty() ? 0 : ranges.back().second;
    sound = first >= 0 && length > 0 && static_cast<std::uint64_t>(first) >= previous &&
            static_cast<std::uint64_t>(first) <= size &&
            static_cast<std::uint64_t>(length) <= size - static_cast<std::uint64_t>(first);
    if (sound) ranges.push_back({first, first + length});
  }
  if (!sound) throw IoError(fmt::format("cannot open {}: truncated or damaged: its seal", path));
  return ranges;
}

}  // namespace

void seal_file(hdf5::File& file, const LogSchema& schema, const std::string& path) {
  file.flush();
  std::vector<Range> ranges;
  find_heaps(path, ranges);
  find_contiguous(file, schema, ranges);
  ranges = merged(std::move(ranges));
  std::vector<std::int64_t> numbers;
  for (const auto& [first, end] : ranges) {
    numbers.push_back(static_cast<std::int64_t>(first));
    numbers.push_back(static_cast<std::int64_t>(end - first));
  }
  const std::int64_t hash = hash_of(path, ranges);
  file.root().set_attribute(kSealRangesAttribute, numbers);
  file.root().set_attribute(kSealAttribute, hash);
}

void check_seal(const hdf5::File& file, const std::string& path) {
  const hdf5::Group root = file.root();
  if (!root.has_attribute(kSealAttribute)) return;
  const LogValue sealed = root.attribute(kSealAttribute);
  const auto* hash = std::get_if<std::int64_t>(&sealed);
  const std::vector<Range> ranges = read_ranges(root.attribute(kSealRangesAttribute), path);
  if (hash == nullptr || *hash != hash_of(path, ranges)) {
    throw IoError(fmt::format(
        "cannot open {}: damaged: its texts or single values changed after it was written", path));
  }
}

void check_signature(const std::string& path) {
  if (!is_regular_file(path)) throw IoError(fmt::format("cannot open {}: not a file", path));
  std::ifstream in = open_bytes(path);
  char head[9] = {};
  in.read(head, sizeof head);
  if (!in || std::string_view(head, 8) != kSignature) {
    throw IoError(fmt::format("cannot open {}: not an HDF5 file", path));
  }
  if (head[8] != 2 && head[8] != 3) {
    throw IoError(fmt::format(
        "cannot open {}: its superblock is of version {}, that of a log is 2 or 3: damaged, or "
        "written by another program",
        path, int{static_cast<unsigned char>(head[8])}));
  }
}

}  // namespace tightrope
