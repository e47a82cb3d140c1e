// SPDX-License-Identifier: Apache-2.0
#include "core/log/writer.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <numeric>

#include "core/base/check.h"
#include "core/log/files.h"
#include "core/log/layout.h"
#include "core/log/seal.h"
#include "core/log/writer_detail.h"

namespace tightrope {

namespace {

template <typename Entries>
int index_of(const Entries& entries, const std::string& name, const char* kind) {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const auto& entry) { return entry.name == name; });
  TR_CHECK(found != entries.end(), "the log has no appended {} '{}'", kind, name);
  return static_cast<int>(found - entries.begin());
}

std::uint64_t product(const LogShape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::uint64_t{1}, std::multiplies<>());
}

LogColumn make_column(const LogGroup& group, const LogVariable& variable, std::size_t rows_axis,
                      std::uint64_t block, hdf5::Dataset dataset) {
  const LogShape shape = internal::variable_shape(group, variable, block);
  LogColumn column;
  column.name = group.name + "/" + variable.name;
  column.type = variable.type;
  column.behind_segment = rows_axis == 1;
  column.outer = rows_axis == 1 ? shape[0] : 1;
  column.inner.assign(shape.begin() + static_cast<std::ptrdiff_t>(rows_axis) + 1, shape.end());
  column.inner_elements = product(column.inner);
  column.dataset = std::move(dataset);
  column.buffer.resize(column.outer * block * column.run_bytes());
  return column;
}

}  // namespace

LogWriter::Impl::Impl(std::string log_path, const LogSchema& log_schema)
    : path(std::move(log_path)),
      schema(log_schema),
      file(hdf5::File::create(building(), partial())) {
  try {
    keep_objects(internal::build_log(file, schema));
  } catch (...) {
    abandon();
    throw;
  }
}

LogWriter::Impl::~Impl() {
  if (failed) {
    abandon();
    return;
  }
  try {
    close_file();
  } catch (const std::exception&) {
    abandon();  // what was flushed is whole; the next run resumes from it
  }
}

void LogWriter::Impl::abandon() {
  for (auto& [name, dataset] : statics) dataset.abandon();
  for (LogColumn& column : columns) column.dataset.abandon();
  for (LogAxis& axis : axes) axis.coordinate.abandon();
  file.abandon();
  std::error_code ignored;  // makes room; what was started stays
  if (!started) std::filesystem::remove(building(), ignored);
}

void LogWriter::Impl::keep_objects(internal::LogDatasets datasets) {
  for (const LogGroup& group : schema.groups) {
    for (const LogDimension& dim : group.dims) {
      if (dim.block == 0) continue;
      LogAxis axis;
      axis.name = group.name + "/" + dim.name;
      axis.block = dim.block;
      axis.coordinate = std::move(datasets.at(axis.name));
      axes.push_back(std::move(axis));
    }
    for (const LogVariable& variable : group.variables) {
      const std::string name = group.name + "/" + variable.name;
      hdf5::Dataset dataset = std::move(datasets.at(name));
      const auto rows_axis = appended_axis(group, variable);
      if (!rows_axis) {
        const LogShape shape = dataset.shape();
        missing.emplace(name, shape.empty() ? 1 : shape[0]);
        statics.emplace(name, std::move(dataset));
        continue;
      }
      const int axis = index_of(axes, group.name + "/" + variable.dims[*rows_axis], "dimension");
      axes[axis].columns.push_back(static_cast<int>(columns.size()));
      columns.push_back(
          make_column(group, variable, *rows_axis, axes[axis].block, std::move(dataset)));
      columns.back().axis = axis;
    }
  }
}

void LogWriter::Impl::start() {
  TR_CHECK(missing.empty(), "static variable '{}' was not written", missing.begin()->first);
  failed = true;  // until all of it is done
  statics.clear();
  seal_file(file, schema, building());
  file.start_swmr();
  file.flush();
  sync_file(building());
  rename_file(building(), partial());
  sync_folder_of(partial());
  started = true;
  failed = false;
}

void LogWriter::Impl::append_rows(LogAxis& axis, std::uint64_t count) {
  failed = true;  // until all of it is done
  const std::uint64_t end = axis.flushed + count;
  for (int index : axis.columns) {
    LogColumn& column = columns[index];
    column.dataset.extend(column.rows_shape(end));
    if (count == axis.block) {
      column.dataset.write(column.rows_offset(axis.flushed), column.rows_shape(count),
                           column.buffer.data());
    } else {
      const std::vector<std::uint8_t> rows = column.packed(axis.block, count);
      column.dataset.write(column.rows_offset(axis.flushed), column.rows_shape(count), rows.data());
    }
  }
  file.flush();
  axis.coordinate.extend({end});
  axis.coordinate.write({axis.flushed}, {count}, axis.buffered.data());
  file.flush();
  axis.flushed = end;
  axis.buffered.clear();
  failed = false;
}

void LogWriter::Impl::close_file() {
  statics.clear();
  columns.clear();
  axes.clear();
  if (file.is_open()) file.close();
}

LogWriter::LogWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LogWriter::LogWriter(LogWriter&&) noexcept = default;
LogWriter& LogWriter::operator=(LogWriter&&) noexcept = default;
LogWriter::~LogWriter() = default;

LogWriter LogWriter::create(const std::string& path, const LogSchema& schema, bool replaces) {
  validate(schema);
  if (!replaces && file_exists(path)) throw IoError(fmt::format("{}: is already finished", path));
  return LogWriter(std::make_unique<Impl>(path, schema));
}

template <typename T>
void LogWriter::write(const std::string& variable, std::span<const T> values) {
  TR_CHECK(!impl_->started, "'{}': static variables are written before start", variable);
  const auto found = impl_->statics.find(variable);
  TR_CHECK(found != impl_->statics.end(), "the log has no static variable '{}'", variable);
  hdf5::Dataset& dataset = found->second;
  TR_CHECK(dataset.type() == log_type_of<T>(), "'{}' is of type {}", variable,
           log_type_name(dataset.type()));
  const LogShape shape = dataset.shape();
  TR_CHECK(values.size() == product(shape), "'{}' has {} values, {} given", variable,
           product(shape), values.size());
  impl_->failed = true;  // until it is done
  if constexpr (std::is_same_v<T, std::string>) {
    dataset.write_strings(values);
  } else {
    dataset.write(LogShape(shape.size(), 0), shape, values.data());
  }
  impl_->failed = false;
  impl_->missing.erase(variable);
}

template <typename T>
void LogWriter::write_rows(const std::string& variable, std::uint64_t first,
                           std::span<const T> values) {
  TR_CHECK(!impl_->started, "'{}': static variables are written before start", variable);
  const auto found = impl_->statics.find(variable);
  TR_CHECK(found != impl_->statics.end(), "the log has no static variable '{}'", variable);
  hdf5::Dataset& dataset = found->second;
  TR_CHECK(dataset.type() == log_type_of<T>(), "'{}' is of type {}", variable,
           log_type_name(dataset.type()));
  LogShape count = dataset.shape(), offset(count.size(), 0);
  TR_CHECK(!count.empty(), "'{}' has no rows", variable);
  const std::uint64_t extent = count[0], row = product(count) / extent;
  count[0] = values.size() / row;
  offset[0] = first;
  const auto left = impl_->missing.find(variable);
  TR_CHECK(values.size() == count[0] * row && first + count[0] <= extent, "'{}' has {} rows of {}",
           variable, extent, row);
  TR_CHECK(left != impl_->missing.end() && left->second >= count[0], "'{}' has rows twice",
           variable);
  impl_->failed = true;  // until it is done
  dataset.write(offset, count, values.data());
  impl_->failed = false;
  if ((left->second -= count[0]) == 0) impl_->missing.erase(left);
}

void LogWriter::start() {
  TR_CHECK(!impl_->started, "{} was already started", impl_->path);
  impl_->start();
}

int LogWriter::column(const std::string& variable) const {
  return index_of(impl_->columns, variable, "variable");
}

int LogWriter::axis(const std::string& dimension) const {
  return index_of(impl_->axes, dimension, "dimension");
}

template <typename T>
void LogWriter::put(int index, std::span<const T> values) {
  TR_CHECK(impl_->started, "{}: rows come after start", impl_->path);
  LogColumn& column = impl_->columns.at(index);
  LogAxis& axis = impl_->axes[column.axis];
  const bool rounds = std::is_same_v<T, double> && column.type == LogType::kF32;
  TR_CHECK(rounds || column.type == log_type_of<T>(), "'{}' is of type {}", column.name,
           log_type_name(column.type));
  TR_CHECK(values.size() == column.outer * column.inner_elements,
           "'{}' has {} values a row, {} given", column.name, column.outer * column.inner_elements,
           values.size());
  TR_CHECK(!column.put, "'{}' twice in one row", column.name);
  column.put = true;
  for (std::uint64_t i = 0; i < column.outer; ++i) {
    std::byte* target =
        column.buffer.data() + (i * axis.block + axis.buffered.size()) * column.run_bytes();
    const T* source = values.data() + i * column.inner_elements;
    if (rounds) {
      std::transform(source, source + column.inner_elements, reinterpret_cast<float*>(target),
                     [](T value) { return static_cast<float>(value); });
    } else {
      std::memcpy(target, source, column.run_bytes());
    }
  }
}

void LogWriter::end_row(int index, std::int64_t coordinate) {
  TR_CHECK(impl_->started, "{}: rows come after start", impl_->path);
  if (impl_->failed) throw IoError(fmt::format("{}: writing failed before", impl_->path));
  LogAxis& axis = impl_->axes.at(index);
  for (int column : axis.columns) {
    TR_CHECK(impl_->columns[column].put, "'{}' lacks its row {}", impl_->columns[column].name,
             coordinate);
  }
  for (int column : axis.columns) impl_->columns[column].put = false;
  axis.buffered.push_back(coordinate);
  if (axis.buffered.size() == axis.block) impl_->append_rows(axis, axis.block);
}

std::uint64_t LogWriter::rows(int axis) const {
  return impl_->axes.at(axis).flushed + impl_->axes.at(axis).buffered.size();
}

std::uint64_t LogWriter::flushed_rows(int axis) const { return impl_->axes.at(axis).flushed; }

template void LogWriter::write(const std::string&, std::span<const float>);
template void LogWriter::write(const std::string&, std::span<const double>);
template void LogWriter::write(const std::string&, std::span<const std::int32_t>);
template void LogWriter::write(const std::string&, std::span<const std::int64_t>);
template void LogWriter::write(const std::string&, std::span<const std::uint8_t>);
template void LogWriter::write(const std::string&, std::span<const std::string>);
template void LogWriter::write_rows(const std::string&, std::uint64_t, std::span<const float>);
template void LogWriter::write_rows(const std::string&, std::uint64_t, std::span<const double>);
template void LogWriter::write_rows(const std::string&, std::uint64_t,
                                    std::span<const std::int32_t>);
template void LogWriter::write_rows(const std::string&, std::uint64_t,
                                    std::span<const std::int64_t>);
template void LogWriter::write_rows(const std::string&, std::uint64_t,
                                    std::span<const std::uint8_t>);
template void LogWriter::put(int, std::span<const float>);
template void LogWriter::put(int, std::span<const double>);
template void LogWriter::put(int, std::span<const std::int32_t>);
template void LogWriter::put(int, std::span<const std::int64_t>);
template void LogWriter::put(int, std::span<const std::uint8_t>);

}  // namespace tightrope
