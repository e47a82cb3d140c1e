// SPDX-License-Identifier: Apache-2.0
// What a log does around a kill: saving, resuming into a fresh copy, finishing.
#include <filesystem>

#include "core/base/check.h"
#include "core/log/files.h"
#include "core/log/seal.h"
#include "core/log/writer.h"
#include "core/log/writer_detail.h"

namespace tightrope {

namespace {

std::string rows_entry(const LogAxis& axis) { return "log/rows/" + axis.name; }
std::string data_entry(const LogColumn& column) { return "log/data/" + column.name; }

std::uint64_t elements(const LogShape& shape) {
  std::uint64_t count = 1;
  for (std::uint64_t extent : shape) count *= extent;
  return count;
}

hdf5::Dataset open_variable(const hdf5::File& file, const std::string& name, LogType type) {
  const std::size_t slash = name.find('/');
  hdf5::Dataset dataset =
      file.root().open_group(name.substr(0, slash)).open_dataset(name.substr(slash + 1));
  if (dataset.type() != type) {
    throw IoError(fmt::format("{}: is of type {}, expected {}", dataset.where(),
                              log_type_name(dataset.type()), log_type_name(type)));
  }
  return dataset;
}

void check_shape(const hdf5::Dataset& dataset, LogShape found, const LogShape& expected,
                 std::optional<std::size_t> rows_axis) {
  if (rows_axis && found.size() == expected.size()) {
    if (found[*rows_axis] < expected[*rows_axis]) {
      throw IoError(fmt::format("{}: holds {} rows, its checkpoint needs {}; the log is damaged",
                                dataset.where(), found[*rows_axis], expected[*rows_axis]));
    }
    found[*rows_axis] = expected[*rows_axis];
  }
  if (found != expected) {
    throw IoError(fmt::format("{}: has another shape than this run's log", dataset.where()));
  }
}

void copy_static(const hdf5::File& old, const std::string& name, hdf5::Dataset& target) {
  const hdf5::Dataset source = open_variable(old, name, target.type());
  const LogShape shape = target.shape();
  check_shape(source, source.shape(), shape, {});
  if (target.type() == LogType::kString) {
    target.write_strings(source.read_strings());
    return;
  }
  std::vector<std::byte> data(elements(shape) * log_type_size(target.type()));
  const LogShape offset(shape.size(), 0);
  source.read(offset, shape, data.data());
  target.write(offset, shape, data.data());
}

void copy_rows(const hdf5::File& old, std::uint64_t bytes, LogColumn& column, const LogAxis& axis) {
  const hdf5::Dataset source = open_variable(old, column.name, column.type);
  check_shape(source, source.shape(), column.rows_shape(axis.flushed),
              column.behind_segment ? 1 : 0);
  const LogShape end = column.rows_shape(axis.flushed);
  if (!source.is_stored(LogShape(end.size(), 0), end, bytes)) {
    throw IoError(fmt::format("{}: the file is truncated: rows are missing", source.where()));
  }
  column.dataset.extend(column.rows_shape(axis.flushed));
  const LogShape count = column.rows_shape(axis.block);
  for (std::uint64_t row = 0; row < axis.flushed; row += axis.block) {
    source.read(column.rows_offset(row), count, column.buffer.data());
    column.dataset.write(column.rows_offset(row), count, column.buffer.data());
  }
}

void copy_coordinate(const hdf5::File& old, LogAxis& axis) {
  const hdf5::Dataset source = open_variable(old, axis.name, LogType::kI64);
  check_shape(source, source.shape(), {axis.flushed}, 0);
  if (axis.flushed == 0) return;
  std::vector<std::int64_t> values(axis.flushed);
  source.read({0}, {axis.flushed}, values.data());
  axis.coordinate.extend({axis.flushed});
  axis.coordinate.write({0}, {axis.flushed}, values.data());
}

}  // namespace

void LogWriter::Impl::copy_from(const hdf5::File& old) {
  const std::uint64_t bytes = file_size(partial());
  for (auto& [name, dataset] : statics) copy_static(old, name, dataset);
  missing.clear();
  for (LogAxis& axis : axes) {
    for (int index : axis.columns) copy_rows(old, bytes, columns[index], axis);
    copy_coordinate(old, axis);
  }
}

void LogWriter::Impl::restore(const Checkpoint& checkpoint) {
  for (LogAxis& axis : axes) {
    const auto& rows = checkpoint.get<std::int64_t>(rows_entry(axis));
    if (rows.empty() || rows[0] < 0 || static_cast<std::uint64_t>(rows[0]) % axis.block != 0) {
      throw IoError(fmt::format("the checkpoint's rows of {} do not fit this log", axis.name));
    }
    axis.flushed = static_cast<std::uint64_t>(rows[0]);
  }
}

void LogWriter::save(Checkpoint& checkpoint) {
  TR_CHECK(impl_->started, "{}: saved before start", impl_->path);
  if (impl_->failed) throw IoError(fmt::format("{}: writing failed before", impl_->path));
  sync_file(impl_->partial());
  for (const LogAxis& axis : impl_->axes) {
    std::vector<std::int64_t> rows{static_cast<std::int64_t>(axis.flushed)};
    rows.insert(rows.end(), axis.buffered.begin(), axis.buffered.end());
    checkpoint.set(rows_entry(axis), std::move(rows));
    for (int index : axis.columns) {
      const LogColumn& column = impl_->columns[index];
      TR_CHECK(!column.put, "'{}': saved in the middle of a row", column.name);
      checkpoint.set(data_entry(column), column.packed(axis.block, axis.buffered.size()));
    }
  }
}

LogWriter LogWriter::resume(const std::string& path, const LogSchema& schema,
                            const Checkpoint& checkpoint) {
  validate(schema);
  if (log_state(path) != LogState::kPartial) {
    throw IoError(fmt::format("cannot resume {}: there is no {}.partial", path, path));
  }
  auto impl = [&] {
    check_signature(path + ".partial");
    hdf5::File old = hdf5::File::open(path + ".partial", true);
    check_seal(old, path + ".partial");
    LogSchema same = schema;
    same.attributes = old.root().attributes();
    auto fresh = std::make_unique<Impl>(path, same);
    fresh->failed = true;  // until the copy is whole
    fresh->restore(checkpoint);
    fresh->copy_from(old);
    fresh->failed = false;
    return fresh;
  }();
  for (LogAxis& axis : impl->axes) {
    const auto& rows = checkpoint.get<std::int64_t>(rows_entry(axis));
    axis.buffered.assign(rows.begin() + 1, rows.end());
    for (int index : axis.columns) {
      LogColumn& column = impl->columns[index];
      column.unpack(axis.block, axis.buffered.size(),
                    checkpoint.get<std::uint8_t>(data_entry(column)));
    }
  }
  impl->start();
  return LogWriter(std::move(impl));
}

// Attributes cannot be written under SWMR, and outside it a kill can destroy the file: so they go
// into a copy, and the partial file stays whole until the copy has the final name.
void LogWriter::Impl::publish(const std::vector<LogAttribute>& attributes) {
  copy_file(partial(), building());
  hdf5::File copy = hdf5::File::open_for_writing(building());
  try {
    for (const LogAttribute& attribute : attributes) {
      copy.root().set_attribute(attribute.name, attribute.value);
    }
    seal_file(copy, schema, building());
    copy.close();
  } catch (...) {
    copy.abandon();
    throw;
  }
  sync_file(building());
  rename_file(building(), path);
  sync_folder_of(path);
}

void LogWriter::finish(const std::vector<LogAttribute>& attributes) {
  TR_CHECK(impl_->started, "{}: finished before start", impl_->path);
  if (impl_->failed) throw IoError(fmt::format("{}: writing failed before", impl_->path));
  for (const LogColumn& column : impl_->columns) {
    TR_CHECK(!column.put, "'{}': finished in the middle of a row", column.name);
  }
  for (LogAxis& axis : impl_->axes) {
    if (!axis.buffered.empty()) impl_->append_rows(axis, axis.buffered.size());
  }
  impl_->close_file();
  impl_->failed = true;  // the writer is used up
  try {
    impl_->publish(attributes);
  } catch (const IoError&) {
    std::error_code ignored;
    std::filesystem::remove(impl_->building(), ignored);  // makes room; the partial file stays
    throw;
  }
  remove_log_leftovers(impl_->path);
}

void LogWriter::finish_static() {
  TR_CHECK(!impl_->started && impl_->axes.empty(), "{}: has rows, or was started", impl_->path);
  TR_CHECK(impl_->missing.empty(), "static variable '{}' was not written",
           impl_->missing.begin()->first);
  if (impl_->failed) throw IoError(fmt::format("{}: writing failed before", impl_->path));
  impl_->failed = true;  // until all of it is done; then the writer is used up
  impl_->statics.clear();
  seal_file(impl_->file, impl_->schema, impl_->building());
  impl_->close_file();
  sync_file(impl_->building());
  rename_file(impl_->building(), impl_->path);
  sync_folder_of(impl_->path);
}

LogState log_state(const std::string& path) {
  if (file_exists(path)) return LogState::kFinished;
  return file_exists(path + ".partial") ? LogState::kPartial : LogState::kNone;
}

void remove_log_leftovers(const std::string& path) {
  remove_file(path + ".partial");
  remove_file(path + ".partial.new");
}

}  // namespace tightrope
