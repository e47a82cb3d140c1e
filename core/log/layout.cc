// SPDX-License-Identifier: Apache-2.0
#include "core/log/layout.h"

#include <fmt/format.h>

#include <limits>
#include <map>
#include <numeric>

#include "core/base/strings.h"

namespace tightrope::internal {

namespace {

constexpr std::uint64_t kChunkBytes = 1 << 20;

// Chunks of whole blocks of rows and at most 1 MiB: other axes are halved from the left, because
// a series of one segment is read more often than one row of all segments.
LogShape chunk_shape(LogShape shape, std::optional<std::size_t> rows_axis, std::size_t size) {
  auto bytes = [&] {
    return std::accumulate(shape.begin(), shape.end(), std::uint64_t{size}, std::multiplies<>());
  };
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (axis == rows_axis) continue;
    while (bytes() > kChunkBytes && shape[axis] > 1) shape[axis] = (shape[axis] + 1) / 2;
  }
  return shape;
}

void describe(hdf5::Dataset& dataset, const std::string& units, const std::string& long_name) {
  dataset.set_attribute("units", units);
  dataset.set_attribute("long_name", long_name);
}

hdf5::Dataset build_coordinate(hdf5::Group& group, const LogDimension& dim) {
  const LogShape shape{dim.length};
  if (const auto* labels = std::get_if<std::vector<std::string>>(&dim.coordinate)) {
    hdf5::Dataset scale = group.create_dataset(dim.name, LogType::kString, shape);
    scale.write_strings(*labels);
    return scale;
  }
  hdf5::DatasetOptions options;
  options.write_through = true;
  options.chunk = shape;
  if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&dim.coordinate)) {
    hdf5::Dataset scale = group.create_dataset(dim.name, LogType::kI64, shape, options);
    scale.write({0}, shape, integers->data());
    return scale;
  }
  hdf5::Dataset scale = group.create_dataset(dim.name, LogType::kF64, shape, options);
  scale.write({0}, shape, std::get<std::vector<double>>(dim.coordinate).data());
  return scale;
}

hdf5::Dataset build_dimension(hdf5::Group& group, const LogDimension& dim) {
  if (dim.block > 0) {
    hdf5::DatasetOptions options;
    options.write_through = true;
    options.maximum = {hdf5::kUnlimited};
    options.chunk = {dim.block};
    hdf5::Dataset scale = group.create_dataset(dim.name, LogType::kI64, {0}, options);
    scale.make_scale(dim.name);
    describe(scale, dim.units, dim.long_name);
    return scale;
  }
  if (dim.coordinate.index() == 0) {
    hdf5::Dataset scale = group.create_dataset(dim.name, LogType::kF32, {dim.length});
    scale.make_scale(fmt::format("{}{:10}", kBareDimension, dim.length));
    return scale;
  }
  hdf5::Dataset scale = build_coordinate(group, dim);
  scale.make_scale(dim.name);
  describe(scale, dim.units, dim.long_name);
  return scale;
}

bool has_texts(const LogDimension& dim) {
  return std::holds_alternative<std::vector<std::string>>(dim.coordinate);
}

// Of a variable without appended dimension.
bool is_chunked(const LogVariable& variable) {
  return !variable.dims.empty() && variable.type != LogType::kString;
}

hdf5::Dataset create_variable(hdf5::Group& file_group, const LogGroup& group,
                              const LogVariable& variable, std::optional<double> fill) {
  hdf5::DatasetOptions options;
  options.write_through = true;
  options.fill = fill;
  options.compress = variable.compress;
  const LogShape shape = variable_shape(group, variable, 0);
  if (const auto axis = appended_axis(group, variable)) {
    const std::uint64_t block = find_dimension(group, variable.dims[*axis])->block;
    options.maximum = variable_shape(group, variable, hdf5::kUnlimited);
    options.chunk =
        chunk_shape(variable_shape(group, variable, block), axis, log_type_size(variable.type));
  } else if (is_chunked(variable)) {
    options.chunk = chunk_shape(shape, {}, log_type_size(variable.type));
  }
  return file_group.create_dataset(variable.name, variable.type, shape, options);
}

hdf5::Dataset build_variable(hdf5::Group& file_group, const LogGroup& group,
                             const LogVariable& variable) {
  const bool is_float = variable.type == LogType::kF32 || variable.type == LogType::kF64;
  std::optional<double> fill = variable.fill;
  if (is_float && !fill) fill = std::numeric_limits<double>::quiet_NaN();
  hdf5::Dataset dataset = create_variable(file_group, group, variable, fill);
  describe(dataset, variable.units, variable.long_name);
  if (fill) dataset.set_attribute("_FillValue", *fill, variable.type);
  if (!variable.flag_values.empty()) {
    dataset.set_attribute("flag_values", variable.flag_values, variable.type);
    dataset.set_attribute("flag_meanings", join(variable.flag_meanings, " "));
  }
  return dataset;
}

}  // namespace

LogShape variable_shape(const LogGroup& group, const LogVariable& variable, std::uint64_t rows) {
  LogShape shape;
  for (const std::string& name : variable.dims) {
    const LogDimension* dim = find_dimension(group, name);
    shape.push_back(dim->block > 0 ? rows : dim->length);
  }
  return shape;
}

LogDatasets build_log(hdf5::File& file, const LogSchema& schema) {
  hdf5::Group root = file.root();
  root.set_attribute("Conventions", "CF-1.10");
  root.set_attribute("schema_name", "tightrope log");
  root.set_attribute("schema_version", std::int64_t{kLogSchemaVersion});
  for (const LogAttribute& attribute : schema.attributes) {
    root.set_attribute(attribute.name, attribute.value);
  }
  LogDatasets all;
  for (const LogGroup& group : schema.groups) {
    hdf5::Group file_group = root.create_group(group.name);
    const std::string prefix = group.name + "/";
    if (!group.description.empty()) file_group.set_attribute("description", group.description);
    for (const LogDimension& dim : group.dims) {
      all.emplace(prefix + dim.name, build_dimension(file_group, dim));
    }
    std::vector<hdf5::ScaledDataset> scaled;
    for (const LogVariable& variable : group.variables) {
      const auto at =
          all.emplace(prefix + variable.name, build_variable(file_group, group, variable)).first;
      hdf5::ScaledDataset& each = scaled.emplace_back(hdf5::ScaledDataset{&at->second, {}});
      for (const std::string& dim : variable.dims) each.scales.push_back(&all.at(prefix + dim));
    }
    hdf5::attach_scales(scaled);
  }
  return all;
}

std::vector<std::string> unchunked_datasets(const LogSchema& schema) {
  std::vector<std::string> names;
  for (const LogGroup& group : schema.groups) {
    for (const LogDimension& dim : group.dims) {
      if (has_texts(dim)) names.push_back(group.name + "/" + dim.name);
    }
    for (const LogVariable& variable : group.variables) {
      if (appended_axis(group, variable) || is_chunked(variable)) continue;
      names.push_back(group.name + "/" + variable.name);
    }
  }
  return names;
}

}  // namespace tightrope::internal
