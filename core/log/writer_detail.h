// SPDX-License-Identifier: Apache-2.0
// The insides of LogWriter, shared by writer*.cc only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/log/layout.h"
#include "core/log/writer.h"

namespace tightrope {

// One appended variable with its buffered rows [outer, block, inner].
struct LogColumn {
  std::string name;  // "group/variable"
  LogType type;
  int axis;
  bool behind_segment;  // rows are at position 1, else 0
  std::uint64_t outer;  // length of the dimension before the rows; 1 when there is none
  LogShape inner;       // dimensions after the rows
  std::uint64_t inner_elements;
  hdf5::Dataset dataset;
  std::vector<std::byte> buffer;
  bool put = false;  // in the present row

  std::size_t run_bytes() const { return inner_elements * log_type_size(type); }
  // Shape of `count` rows, and the offset of row `row`.
  LogShape rows_shape(std::uint64_t count) const;
  LogShape rows_offset(std::uint64_t row) const;
  // The first `rows` buffered rows as [outer, rows, inner], and back.
  std::vector<std::uint8_t> packed(std::uint64_t block, std::uint64_t rows) const;
  void unpack(std::uint64_t block, std::uint64_t rows, const std::vector<std::uint8_t>& bytes);
};

struct LogAxis {
  std::string name;  // "group/dimension"
  std::uint64_t block;
  std::uint64_t flushed = 0;           // rows in the file
  std::vector<std::int64_t> buffered;  // coordinates of the rows in memory
  std::vector<int> columns;
  hdf5::Dataset coordinate;
};

struct LogWriter::Impl {
  std::string path;
  LogSchema schema;
  hdf5::File file;
  std::map<std::string, hdf5::Dataset> statics;
  std::map<std::string, std::uint64_t> missing;  // static variables and their rows not yet written
  std::vector<LogAxis> axes;
  std::vector<LogColumn> columns;
  bool started = false;
  bool failed = false;

  Impl(std::string path, const LogSchema& schema);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  // Closes the file, or abandons it when writing failed.
  ~Impl();
  std::string partial() const { return path + ".partial"; }
  std::string building() const { return path + ".partial.new"; }

  // Switches to SWMR and gives the file the name PATH.partial, replacing an older one.
  void start();
  // Appends the first `count` buffered rows of an axis: data, flush, coordinate, flush. So a
  // coordinate on the disk means that its row is complete.
  void append_rows(LogAxis& axis, std::uint64_t count);
  // Copies static values and the first axis.flushed rows from an older file.
  void copy_from(const hdf5::File& old);
  void restore(const Checkpoint& checkpoint);
  void close_file();
  // The closed partial file plus final attributes under its final name.
  void publish(const std::vector<LogAttribute>& attributes);
  void abandon();

 private:
  void keep_objects(internal::LogDatasets datasets);
};

}  // namespace tightrope
