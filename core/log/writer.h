// SPDX-License-Identifier: Apache-2.0
// Writes a log that survives kill -9. Everything is created first, then the file is switched to
// SWMR and only whole blocks of rows are appended. Until `finish` it is called PATH.partial.
//
//   LogWriter log = LogWriter::create("pack_0000.h5", schema);
//   log.write<std::int64_t>("meta/seed", seeds);          // static variables
//   log.start();                                          // nothing but rows from here on
//   const int loss = log.column("scalars/loss"), step = log.axis("scalars/step");
//   log.put<double>(loss, losses);                        // one value per segment
//   log.end_row(step, t);                                 // every column of the axis was put
//   log.save(checkpoint); save_checkpoint(file, checkpoint);
//   log.finish(attributes);                               // becomes pack_0000.h5
//
// For one thread. After an IoError the writer refuses everything; the file keeps what was flushed.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/log/checkpoint.h"
#include "core/log/schema.h"

namespace tightrope {

class LogWriter {
 public:
  // A new log, built under a temporary name until start(). InternalError for a broken schema,
  // IoError when the folder refuses or PATH is already finished and the new log does not replace
  // it.
  static LogWriter create(const std::string& path, const LogSchema& schema, bool replaces = false);

  // Continues PATH.partial from a checkpoint that `save` filled: a fresh copy cut to the rows the
  // checkpoint knows replaces it, and the rows that were not yet flushed come from the checkpoint.
  // Attributes and static variables are the old file's. Ready for put: do not call start.
  // IoError when the old file is damaged, holds fewer rows or does not fit the schema.
  static LogWriter resume(const std::string& path, const LogSchema& schema,
                          const Checkpoint& checkpoint);

  LogWriter(LogWriter&&) noexcept;
  LogWriter& operator=(LogWriter&&) noexcept;
  // Without finish(): the file stays PATH.partial with its whole blocks.
  ~LogWriter();

  // Before start(): a static variable "group/name", all its values in row-major order.
  template <typename T>
  void write(const std::string& variable, std::span<const T> values);
  template <typename T>
  void write(const std::string& variable, const std::vector<T>& values) {
    write(variable, std::span<const T>(values));
  }

  // The same in parts: rows [first, first + n) of its first axis. Rows in any order, each once.
  template <typename T>
  void write_rows(const std::string& variable, std::uint64_t first, std::span<const T> values);

  // Every static variable must have been written. From here on PATH.partial exists.
  void start();

  // Numbers for put and end_row; InternalError for unknown names.
  int column(const std::string& variable) const;
  int axis(const std::string& dimension) const;

  // This row's values of one appended variable: shape [segment, rest...] or [rest...]. T is its
  // type, or double for an f32 variable (rounded). Each column once per row.
  template <typename T>
  void put(int column, std::span<const T> values);
  template <typename T>
  void put(int column, const std::vector<T>& values) {
    put(column, std::span<const T>(values));
  }

  // Completes the axis' row; `coordinate` is its value along the axis (for example the step). A
  // full block is written and flushed.
  void end_row(int axis, std::int64_t coordinate);

  // Rows completed, and of these rows already in the file (whole blocks).
  std::uint64_t rows(int axis) const;
  std::uint64_t flushed_rows(int axis) const;

  // Puts all whole blocks on the disk, then stores the rows still in memory in the checkpoint
  // (entries "log/..."), which the caller saves afterwards.
  void save(Checkpoint& checkpoint);

  // Writes the last partial blocks and the final attributes (status, finished_utc, ...), puts the
  // file on the disk and gives it its final name. The writer is used up.
  void finish(const std::vector<LogAttribute>& attributes);

  // Instead of start and finish, for a file without appended rows: it is never PATH.partial, and
  // takes PATH, and the place of an older file there, when it is whole. The writer is used up.
  void finish_static();

 private:
  struct Impl;
  explicit LogWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

enum class LogState { kNone, kPartial, kFinished };

// What is at PATH: nothing, an unfinished log (PATH.partial), or a finished one.
LogState log_state(const std::string& path);

// Removes PATH.partial and temporary copies beside a finished log (a kill can leave them).
void remove_log_leftovers(const std::string& path);

}  // namespace tightrope
