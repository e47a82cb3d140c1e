// SPDX-License-Identifier: Apache-2.0
#include "core/log/reader.h"

#include <algorithm>
#include <map>

#include "core/base/check.h"
#include "core/log/files.h"
#include "core/log/hdf5.h"
#include "core/log/layout.h"
#include "core/log/seal.h"

namespace tightrope {

namespace {

constexpr std::uint64_t kMaximumBytes = std::uint64_t{16} << 30;
constexpr std::uint64_t kMaximumChunkBytes = std::uint64_t{64} << 20;  // ours are at most 1 MiB
constexpr std::size_t kMaximumVariables = 20000;
// A block up to this size may be larger than what is stored: unwritten rows are fill values.
constexpr std::uint64_t kSmallBytes = std::uint64_t{64} << 20;

// product(shape) * size, or IoError when it passes the limit; 0 where nothing is.
std::uint64_t checked_bytes(const LogShape& shape, std::size_t size, std::uint64_t limit,
                            const std::string& where) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  std::uint64_t bytes = size;
  for (std::uint64_t extent : shape) {
    if (bytes > limit / extent) {
      throw IoError(fmt::format("{}: claims more than {} bytes; not read", where, limit));
    }
    bytes *= extent;
  }
  return bytes;
}

// IoError when a block is large and the file cannot hold so much.
void require_stored(const hdf5::Dataset& dataset, std::uint64_t bytes) {
  if (bytes <= kSmallBytes) return;
  const std::uint64_t most = dataset.most_value_bytes();
  if (bytes <= most) return;
  throw IoError(fmt::format("{}: claims more than {} bytes, {} are stored; not read",
                            dataset.where(), bytes - 1, dataset.stored_bytes()));
}

struct Entry {
  LogVariableInfo info;
  hdf5::Dataset dataset;
};

}  // namespace

struct LogReader::Impl {
  std::string path;
  hdf5::File file;
  int version = 0;
  std::vector<std::string> groups;
  std::vector<Entry> entries;
  std::map<std::string, std::uint64_t> rows;  // of "group/dimension"

  void read_version();
  void read_group(const std::string& name);
  void drop_unstored(const hdf5::Dataset& dataset, LogVariableInfo& info) const;
  void cut(std::size_t first);
  const Entry& find(const std::string& variable) const;
};

void LogReader::Impl::read_version() {
  const hdf5::Group root = file.root();
  if (!root.has_attribute("schema_version")) {
    throw IoError(fmt::format("{}: an HDF5 file, but not a tightrope log", path));
  }
  const LogValue value = root.attribute("schema_version");
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr || *number < 1) {
    throw IoError(fmt::format("{}: its schema_version is damaged", path));
  }
  if (*number > kLogSchemaVersion) {
    throw IoError(fmt::format("{}: schema version {} is newer than this program's {}; update it",
                              path, *number, kLogSchemaVersion));
  }
  version = static_cast<int>(*number);
}

void LogReader::Impl::read_group(const std::string& name) {
  const hdf5::Group group = file.root().open_group(name);
  const std::size_t first = entries.size();
  std::vector<std::pair<std::string, hdf5::Dataset>> datasets;
  std::map<std::uint64_t, std::string> names;
  for (const hdf5::Group::Child& child : group.children()) {
    if (child.is_group) continue;
    if (entries.size() + datasets.size() == kMaximumVariables) {
      throw IoError(fmt::format("{}: more than {} variables", path, kMaximumVariables));
    }
    datasets.emplace_back(child.name, group.open_dataset(child.name));
    datasets.back().second.require_plain_storage();
    names.emplace(datasets.back().second.address(), child.name);
  }
  for (auto& [child, dataset] : datasets) {
    if (dataset.scale_name().starts_with(internal::kBareDimension)) continue;
    LogVariableInfo info{name + "/" + child, dataset.type(), dataset.dimension_names(names),
                         dataset.shape(), dataset.chunk()};
    const std::size_t size = std::max<std::size_t>(1, log_type_size(info.type));
    checked_bytes(info.chunk, size, kMaximumChunkBytes, dataset.where());
    if (path.ends_with(".partial")) drop_unstored(dataset, info);
    entries.push_back({std::move(info), std::move(dataset)});
  }
  cut(first);
}

// HDF5 does not compare a partial file's length with what its index claims; bytes behind the end
// would read as zeros. Rows are dropped by whole blocks; static values must be there.
void LogReader::Impl::drop_unstored(const hdf5::Dataset& dataset, LogVariableInfo& info) const {
  if (info.type == LogType::kString) return;  // their heap has lengths of its own
  const std::uint64_t bytes = file_size(path);
  const LogShape maximum = dataset.maximum(), chunk = dataset.chunk();
  LogShape begin(info.shape.size(), 0), end = info.shape;
  if (std::find(end.begin(), end.end(), 0) != end.end()) return;
  const auto axis = static_cast<std::size_t>(
      std::find(maximum.begin(), maximum.end(), hdf5::kUnlimited) - maximum.begin());
  if (axis == maximum.size()) {
    if (dataset.is_stored(begin, end, bytes)) return;
    throw IoError(fmt::format("cannot open {}: truncated: {} is missing", path, info.name));
  }
  for (std::uint64_t row = 0; row < info.shape[axis]; row += chunk[axis]) {
    begin[axis] = row;
    end[axis] = std::min(info.shape[axis], row + chunk[axis]);
    if (!dataset.is_stored(begin, end, bytes)) info.shape[axis] = row;
  }
}

void LogReader::Impl::cut(std::size_t first) {
  auto key = [](const LogVariableInfo& info, std::size_t axis) {
    return info.name.substr(0, info.name.find('/') + 1) + info.dims[axis];
  };
  for (int pass = 0; pass < 2; ++pass) {
    for (std::size_t i = first; i < entries.size(); ++i) {
      LogVariableInfo& info = entries[i].info;
      const LogShape maximum = entries[i].dataset.maximum();
      for (std::size_t axis = 0; axis < info.shape.size(); ++axis) {
        if (maximum[axis] != hdf5::kUnlimited || info.dims[axis].empty()) continue;
        const auto at = rows.emplace(key(info, axis), info.shape[axis]).first;
        at->second = std::min(at->second, info.shape[axis]);
        info.shape[axis] = at->second;
      }
    }
  }
}

const Entry& LogReader::Impl::find(const std::string& variable) const {
  for (const Entry& entry : entries) {
    if (entry.info.name == variable) return entry;
  }
  throw IoError(fmt::format("{}: has no variable '{}'", path, variable));
}

LogReader::LogReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LogReader::LogReader(LogReader&&) noexcept = default;
LogReader::~LogReader() = default;

LogReader LogReader::open(const std::string& path, const std::vector<std::string>& only) {
  if (!file_exists(path)) throw IoError(fmt::format("cannot open {}: no such file", path));
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  check_signature(path);
  impl->file = hdf5::File::open(path, path.ends_with(".partial"));
  check_seal(impl->file, path);
  impl->read_version();
  for (const hdf5::Group::Child& child : impl->file.root().children()) {
    if (!child.is_group) continue;
    const bool wanted =
        only.empty() || std::find(only.begin(), only.end(), child.name) != only.end();
    if (!wanted) continue;
    impl->groups.push_back(child.name);
    impl->read_group(child.name);
  }
  return LogReader(std::move(impl));
}

std::vector<LogAttribute> LogReader::root_attributes(const std::string& path) {
  if (!file_exists(path)) throw IoError(fmt::format("cannot open {}: no such file", path));
  return hdf5::File::open(path, path.ends_with(".partial")).root().attributes();
}

const std::string& LogReader::path() const { return impl_->path; }
bool LogReader::partial() const { return impl_->path.ends_with(".partial"); }
int LogReader::schema_version() const { return impl_->version; }
std::vector<std::string> LogReader::groups() const { return impl_->groups; }

std::vector<LogAttribute> LogReader::attributes() const { return impl_->file.root().attributes(); }

std::vector<LogVariableInfo> LogReader::variables(const std::string& group) const {
  std::vector<LogVariableInfo> result;
  for (const Entry& entry : impl_->entries) {
    if (entry.info.name.starts_with(group + "/")) result.push_back(entry.info);
  }
  return result;
}

bool LogReader::has(const std::string& variable) const {
  return std::any_of(impl_->entries.begin(), impl_->entries.end(),
                     [&](const Entry& entry) { return entry.info.name == variable; });
}

LogVariableInfo LogReader::info(const std::string& variable) const {
  return impl_->find(variable).info;
}

std::vector<LogAttribute> LogReader::attributes(const std::string& variable) const {
  return impl_->find(variable).dataset.attributes();
}

std::uint64_t LogReader::rows(const std::string& dimension) const {
  const auto found = impl_->rows.find(dimension);
  if (found == impl_->rows.end()) {
    throw IoError(fmt::format("{}: has no appended dimension '{}'", impl_->path, dimension));
  }
  return found->second;
}

template <typename T>
LogArray<T> LogReader::read(const std::string& variable) const {
  const LogShape shape = impl_->find(variable).info.shape;
  return read<T>(variable, LogShape(shape.size(), 0), shape);
}

// Values of the block; throws before anything is allocated when it cannot be read as T.
template <typename T>
std::uint64_t LogReader::check_block(const std::string& variable, const LogShape& offset,
                                     const LogShape& count) const {
  const Entry& entry = impl_->find(variable);
  const LogShape& shape = entry.info.shape;
  const bool converts = std::is_same_v<T, double> && entry.info.type != LogType::kString;
  if (entry.info.type != log_type_of<T>() && !converts) {
    throw IoError(fmt::format("{}: is of type {}, read as {}", entry.dataset.where(),
                              log_type_name(entry.info.type), log_type_name(log_type_of<T>())));
  }
  TR_CHECK(offset.size() == shape.size() && count.size() == shape.size(),
           "{}: rank {} read with a block of rank {}", variable, shape.size(), count.size());
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    TR_CHECK(count[axis] <= shape[axis] && offset[axis] <= shape[axis] - count[axis],
             "{}: block {}+{} outside of axis {} of {}", variable, offset[axis], count[axis], axis,
             shape[axis]);
  }
  require_stored(entry.dataset,
                 checked_bytes(count, std::max<std::size_t>(1, log_type_size(entry.info.type)),
                               kMaximumBytes, entry.dataset.where()));
  return checked_bytes(count, sizeof(T), kMaximumBytes, entry.dataset.where()) / sizeof(T);
}

template <typename T>
LogArray<T> LogReader::read(const std::string& variable, const LogShape& offset,
                            const LogShape& count) const {
  LogArray<T> array{count, std::vector<T>(check_block<T>(variable, offset, count))};
  if (!array.values.empty()) {
    impl_->find(variable).dataset.read(offset, count, array.values.data(), log_type_of<T>());
  }
  return array;
}

template <typename T>
void LogReader::read_into(const std::string& variable, const LogShape& offset,
                          const LogShape& count, std::span<T> to) const {
  const std::uint64_t values = check_block<T>(variable, offset, count);
  TR_CHECK(to.size() == values, "{}: {} values into memory for {}", variable, values, to.size());
  if (!to.empty()) {
    impl_->find(variable).dataset.read(offset, count, to.data(), log_type_of<T>());
  }
}

LogArray<std::string> LogReader::read_strings(const std::string& variable) const {
  const Entry& entry = impl_->find(variable);
  if (entry.info.type != LogType::kString) {
    throw IoError(fmt::format("{}: is of type {}, read as string", entry.dataset.where(),
                              log_type_name(entry.info.type)));
  }
  const std::uint64_t most = file_size(impl_->path);
  // In the file, a text is a reference of 16 bytes to a heap.
  require_stored(entry.dataset,
                 checked_bytes(entry.info.shape, 16, kMaximumBytes, entry.dataset.where()));
  return {entry.info.shape, entry.dataset.read_strings(most + kSmallBytes)};
}

template LogArray<float> LogReader::read(const std::string&) const;
template LogArray<double> LogReader::read(const std::string&) const;
template LogArray<std::int32_t> LogReader::read(const std::string&) const;
template LogArray<std::int64_t> LogReader::read(const std::string&) const;
template LogArray<std::uint8_t> LogReader::read(const std::string&) const;
template LogArray<float> LogReader::read(const std::string&, const LogShape&,
                                         const LogShape&) const;
template LogArray<double> LogReader::read(const std::string&, const LogShape&,
                                          const LogShape&) const;
template LogArray<std::int32_t> LogReader::read(const std::string&, const LogShape&,
                                                const LogShape&) const;
template LogArray<std::int64_t> LogReader::read(const std::string&, const LogShape&,
                                                const LogShape&) const;
template LogArray<std::uint8_t> LogReader::read(const std::string&, const LogShape&,
                                                const LogShape&) const;

template void LogReader::read_into(const std::string&, const LogShape&, const LogShape&,
                                   std::span<float>) const;
template void LogReader::read_into(const std::string&, const LogShape&, const LogShape&,
                                   std::span<double>) const;
template void LogReader::read_into(const std::string&, const LogShape&, const LogShape&,
                                   std::span<std::int32_t>) const;
template void LogReader::read_into(const std::string&, const LogShape&, const LogShape&,
                                   std::span<std::int64_t>) const;
template void LogReader::read_into(const std::string&, const LogShape&, const LogShape&,
                                   std::span<std::uint8_t>) const;

}  // namespace tightrope
