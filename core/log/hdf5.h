// SPDX-License-Identifier: Apache-2.0
// RAII types over the HDF5 1.10 C API: as much of it as the log needs. Every failure is an IoError
// that names the path, what was tried and what HDF5 said. One mutex guards the library, which is
// not thread-safe. HDF5's own header stays out of here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/log/types.h"

namespace tightrope::hdf5 {

using Id = std::int64_t;
inline constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

// Owns one HDF5 identifier; move-only; releases it on destruction and ignores errors there.
class Handle {
 public:
  Handle() = default;
  explicit Handle(Id id) : id_(id) {}
  Handle(Handle&& other) noexcept : id_(other.id_) { other.id_ = -1; }
  Handle& operator=(Handle&& other) noexcept;
  ~Handle() { reset(); }
  Id id() const { return id_; }
  void reset();
  // Gives the identifier up without releasing it.
  void release() { id_ = -1; }

 private:
  Id id_ = -1;
};

// A group or a data set: what carries attributes.
class Object {
 public:
  Object() = default;
  Object(Handle handle, std::string where) : handle_(std::move(handle)), where_(std::move(where)) {}
  Id id() const { return handle_.id(); }
  // "FILE:/group/name", for messages.
  const std::string& where() const { return where_; }
  // Forgets the HDF5 object without closing it: after a failed write (see File::abandon).
  void abandon() { handle_.release(); }

  // Writes or replaces an attribute. Strings are variable-length UTF-8; numbers are stored as
  // `stored_as` (default: i64 or f64).
  void set_attribute(const std::string& name, const LogValue& value,
                     std::optional<LogType> stored_as = {});
  bool has_attribute(const std::string& name) const;
  // Throws IoError when it is absent or of a kind a log cannot hold.
  LogValue attribute(const std::string& name) const;
  // Numeric and string attributes in creation order; HDF5's own (references) are left out.
  std::vector<LogAttribute> attributes() const;

 protected:
  Handle handle_;
  std::string where_;
};

struct DatasetOptions {
  LogShape maximum;  // kUnlimited where it may grow; empty: the shape itself
  LogShape chunk;    // empty: contiguous (no filters)
  std::optional<double> fill;
  bool compress = false;       // gzip 1 + shuffle, before fletcher32
  bool times = true;           // without the time of the change equal content is equal bytes
  bool write_through = false;  // no chunk cache; a write reaches the file or fails at once
};

class Dataset : public Object {
 public:
  using Object::Object;
  LogType type() const;
  LogShape shape() const;
  LogShape maximum() const;
  LogShape chunk() const;  // empty when contiguous
  void extend(const LogShape& shape);

  // A block at `offset` of extents `count`; `data` has product(count) elements of type(), or of
  // the numeric type `as`.
  void write(const LogShape& offset, const LogShape& count, const void* data);
  void read(const LogShape& offset, const LogShape& count, void* data,
            std::optional<LogType> as = {}) const;
  void write_strings(std::span<const std::string> values);
  // At most `limit` bytes in all: many elements may refer to one long text.
  std::vector<std::string> read_strings(std::uint64_t limit = kUnlimited) const;
  // A block of strings, as write().
  void write_strings(const LogShape& offset, const LogShape& count,
                     std::span<const std::string> values);
  // Rows [offset, offset + count) of a data set of strings with one axis.
  void write_strings(std::uint64_t offset, std::span<const std::string> values);
  std::vector<std::string> read_strings(std::uint64_t offset, std::uint64_t count) const;

  // Whether the values of the block from `begin` to `end` (exclusive) lie inside the first
  // `file_size` bytes; missing bytes would read as zeros. `begin` is the corner of a chunk. Where
  // rows are appended the block spans the other axes, and no row before it may be missing.
  bool is_stored(const LogShape& begin, const LogShape& end, std::uint64_t file_size) const;

  // IoError unless the values lie in this file (not external, not virtual) behind filters of a log
  // (gzip, shuffle, fletcher32) alone.
  void require_plain_storage() const;
  // Bytes in the file, and the most bytes of values that they can hold (gzip's limit is 1032 : 1).
  std::uint64_t stored_bytes() const;
  std::uint64_t most_value_bytes() const;
  // First byte and length in the file when contiguous and written; nothing otherwise.
  std::optional<std::pair<std::uint64_t, std::uint64_t>> contiguous_range() const;

  // Makes this data set a dimension scale called `name`.
  void make_scale(const std::string& name);
  void attach_scale(unsigned axis, const Dataset& scale);
  // Where its header lies in the file: what tells objects apart.
  std::uint64_t address() const;
  // Link name of the scale of every axis, "" where there is none; its own name for a coordinate.
  // `known`: names by address. HDF5 finds any other name by a walk through the whole file.
  std::vector<std::string> dimension_names(
      const std::map<std::uint64_t, std::string>& known = {}) const;
  // The NAME of a dimension scale; "" for other data sets.
  std::string scale_name() const;
};

// A new data set and the scale of each of its axes.
struct ScaledDataset {
  const Dataset* dataset;
  std::vector<const Dataset*> scales;
};

// Attaches the scales of several new data sets, as Dataset::attach_scale one by one would. Once per
// scale: it writes the whole list of a scale's users.
void attach_scales(std::span<const ScaledDataset> datasets);

class Group : public Object {
 public:
  using Object::Object;
  Group create_group(const std::string& name);
  Group open_group(const std::string& name) const;
  Dataset create_dataset(const std::string& name, LogType type, const LogShape& shape,
                         const DatasetOptions& options = {});
  // `write_through`: as in DatasetOptions.
  Dataset open_dataset(const std::string& name, bool write_through = false) const;
  bool has(const std::string& name) const;
  struct Child {
    std::string name;
    bool is_group;
  };
  // Groups and data sets in creation order, else by name; IoError when they are too many. Of a log
  // also when the file has HDF5's old format or an object has several links; files of other
  // programs may.
  enum class Origin { kLog, kAny };
  std::vector<Child> children(Origin origin = Origin::kLog) const;
};

class File {
 public:
  File() = default;
  // A new file in the latest format with creation order tracked; an existing one is replaced.
  // `shown_as`: its name in messages, when it will be renamed; default `path`. `times`: of the
  // root.
  static File create(const std::string& path, const std::string& shown_as = "", bool times = true);
  // Read-only. `swmr`: also while a writer is at work or after it was killed.
  static File open(const std::string& path, bool swmr);
  // For writing, without SWMR.
  static File open_for_writing(const std::string& path);

  Group root() const;
  void start_swmr();
  // Hands everything to the operating system (not to the disk: see sync_file).
  void flush();
  // Closes with error reporting; every Object of this file must be gone.
  void close();
  bool is_open() const { return handle_.id() >= 0; }
  // Forgets the file without closing it. After a failed write (disk full) closing would write
  // again, damage what is whole on the disk, and can crash.
  void abandon() { handle_.release(); }

 private:
  File(Handle handle, std::string path) : handle_(std::move(handle)), path_(std::move(path)) {}
  Handle handle_;
  std::string path_;
};

}  // namespace tightrope::hdf5
