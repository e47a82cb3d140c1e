// SPDX-License-Identifier: Apache-2.0
// Rows in memory: their shapes, and their compact form in a checkpoint.
#include <cstring>

#include "core/base/check.h"
#include "core/log/writer_detail.h"

namespace tightrope {

LogShape LogColumn::rows_shape(std::uint64_t count) const {
  LogShape shape;
  if (behind_segment) shape.push_back(outer);
  shape.push_back(count);
  shape.insert(shape.end(), inner.begin(), inner.end());
  return shape;
}

LogShape LogColumn::rows_offset(std::uint64_t row) const {
  LogShape offset(inner.size() + (behind_segment ? 2 : 1), 0);
  offset[behind_segment ? 1 : 0] = row;
  return offset;
}

std::vector<std::uint8_t> LogColumn::packed(std::uint64_t block, std::uint64_t rows) const {
  const std::size_t run = rows * run_bytes();
  std::vector<std::uint8_t> bytes(outer * run);
  for (std::uint64_t i = 0; i < outer && run > 0; ++i) {
    std::memcpy(bytes.data() + i * run, buffer.data() + i * block * run_bytes(), run);
  }
  return bytes;
}

void LogColumn::unpack(std::uint64_t block, std::uint64_t rows,
                       const std::vector<std::uint8_t>& bytes) {
  const std::size_t run = rows * run_bytes();
  if (rows > block || bytes.size() != outer * run) {
    throw IoError(fmt::format("the checkpoint's rows of {} do not fit this log", name));
  }
  for (std::uint64_t i = 0; i < outer && run > 0; ++i) {
    std::memcpy(buffer.data() + i * block * run_bytes(), bytes.data() + i * run, run);
  }
}

}  // namespace tightrope
