// SPDX-License-Identifier: Apache-2.0
// A column of numbers, out of a text table, an HDF5 file or the standard input, as a stream of
// blocks in bounded memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace tightrope {

struct ColumnOptions {
  // Of a text table: a name in its header or a 0-based index; empty: the only column. Of an HDF5
  // file: the variable, "group/variable".
  std::string column;
  // Of an HDF5 variable [segment, step]: which row.
  std::optional<std::int64_t> segment;
  // Of a text table, whether its first line names the columns: auto (it does when no cell of it is
  // a number), present, absent.
  std::string header = "auto";
};

// InputError unless `header` is auto, present or absent.
void require_header_option(const std::string& header);

class ColumnReader {
 public:
  virtual ~ColumnReader() = default;
  // The next samples, all finite, valid until the next call; empty at the end. Throws InputError
  // naming the place and the value for anything else.
  virtual std::span<const double> next() = 0;
  // Where sample `index` of the last block stands: "loss.csv:17".
  virtual std::string place(std::size_t index) const = 0;
};

// "-" is the standard input. Text tables: cells parted by semicolons, tabs, commas or white space
// (the first of these that the first line has), quoted or not; empty lines and lines that begin
// with # are skipped. HDF5 is recognised by its signature. Throws InputError.
std::unique_ptr<ColumnReader> open_column(const std::string& path, const ColumnOptions& options);

namespace internal {
std::unique_ptr<ColumnReader> open_text_column(const std::string& path,
                                               const ColumnOptions& options);
std::unique_ptr<ColumnReader> open_hdf5_column(const std::string& path,
                                               const ColumnOptions& options);
}  // namespace internal

}  // namespace tightrope
