// SPDX-License-Identifier: Apache-2.0
// Reads finished logs and, read-only, the PATH.partial of a run that is at work or was killed.
// Rows that not all variables of an axis have (a kill inside a flush) are cut off. Sizes are
// checked before anything is allocated. Every failure is an IoError.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/log/types.h"

namespace tightrope {

template <typename T>
struct LogArray {
  LogShape shape;  // empty: a scalar
  std::vector<T> values;
};

struct LogVariableInfo {
  std::string name;  // "group/variable"
  LogType type;
  std::vector<std::string> dims;  // one name per axis
  LogShape shape;                 // after cutting
  LogShape chunk;                 // what one access fetches; empty: contiguous
};

class LogReader {
 public:
  // IoError for a missing, truncated, damaged or foreign file, and for a newer schema version.
  // `only`: no other groups are looked at; empty: all.
  static LogReader open(const std::string& path, const std::vector<std::string>& only = {});
  // The attributes of a file's root, without a look at anything else in it: cheap.
  static std::vector<LogAttribute> root_attributes(const std::string& path);
  LogReader(LogReader&&) noexcept;
  ~LogReader();

  const std::string& path() const;
  // Whether the file is a `.partial`: a run that has not finished.
  bool partial() const;
  int schema_version() const;

  std::vector<LogAttribute> attributes() const;
  std::vector<std::string> groups() const;
  // Variables and coordinates of a group in creation order.
  std::vector<LogVariableInfo> variables(const std::string& group) const;
  bool has(const std::string& variable) const;
  LogVariableInfo info(const std::string& variable) const;
  std::vector<LogAttribute> attributes(const std::string& variable) const;
  // Complete rows along an appended dimension "group/dimension".
  std::uint64_t rows(const std::string& dimension) const;

  // A whole variable, or the block at `offset` of extents `count`. T is the variable's type; double
  // reads every numeric one. At most 16 GiB at once.
  template <typename T>
  LogArray<T> read(const std::string& variable) const;
  template <typename T>
  LogArray<T> read(const std::string& variable, const LogShape& offset,
                   const LogShape& count) const;
  // The block into memory of the caller, `to` [product(count)].
  template <typename T>
  void read_into(const std::string& variable, const LogShape& offset, const LogShape& count,
                 std::span<T> to) const;
  LogArray<std::string> read_strings(const std::string& variable) const;

 private:
  struct Impl;
  template <typename T>
  std::uint64_t check_block(const std::string& variable, const LogShape& offset,
                            const LogShape& count) const;
  explicit LogReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tightrope
