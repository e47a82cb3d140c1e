// SPDX-License-Identifier: Apache-2.0
// The layout of a log as data: groups of variables over named dimensions. The writer builds the
// file from it; it opens with xarray.open_dataset(path, group=..., engine="h5netcdf").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/log/types.h"

namespace tightrope {

// Written as /@schema_version; readers refuse newer ones.
inline constexpr int kLogSchemaVersion = 1;

// Values along a fixed dimension; none: a dimension without coordinate.
using LogCoordinate = std::variant<std::monostate, std::vector<std::int64_t>, std::vector<double>,
                                   std::vector<std::string>>;

// One dimension of a group. It is appended to when `block` > 0; then it is unlimited and has a
// coordinate (i64) whose value is given with every row.
struct LogDimension {
  std::string name;
  std::uint64_t length = 0;  // fixed dimensions: at least 1
  std::uint64_t block = 0;   // appended dimensions: rows per block, written and flushed together
  std::string units;         // of the coordinate
  std::string long_name;     // of the coordinate
  LogCoordinate coordinate;
};

// A dimension of fixed length without coordinate.
LogDimension fixed_dimension(std::string name, std::uint64_t length);

// A dimension of fixed length with a value at every index.
LogDimension labelled_dimension(std::string name, LogCoordinate coordinate, std::string units,
                                std::string long_name);

// A dimension that grows row by row, for example the training step.
LogDimension appended_dimension(std::string name, std::uint64_t block, std::string units,
                                std::string long_name);

// One variable. Appended ones have exactly one appended dimension, at position 0 or 1 (after
// `segment`); all others are static: written once before recording starts.
struct LogVariable {
  std::string name;
  std::vector<std::string> dims;  // names of dimensions of its group; empty: a scalar (static)
  LogType type = LogType::kF64;   // kString: static variables only
  std::string units;              // "1" for pure numbers, codes and texts
  std::string long_name;
  std::optional<double> fill;  // _FillValue; floats: NaN when not given
  std::vector<std::int64_t> flag_values;
  std::vector<std::string> flag_meanings;  // one word each
  bool compress = false;                   // gzip 1 + shuffle; for codes, ids and masks
};

struct LogGroup {
  std::string name;         // one level: "scalars"
  std::string description;  // written as its `description` attribute
  std::vector<LogDimension> dims;
  std::vector<LogVariable> variables;
};

struct LogSchema {
  std::vector<LogAttribute> attributes;  // of the root
  std::vector<LogGroup> groups;
};

// The dimension of this name; nullptr when the group has none.
const LogDimension* find_dimension(const LogGroup& group, const std::string& name);

// Position of the appended dimension in `variable.dims`; nothing when it is static.
std::optional<std::size_t> appended_axis(const LogGroup& group, const LogVariable& variable);

// Throws InternalError naming the group and variable that break a rule of the format: names,
// known dimensions, units and long_name everywhere, flags in pairs, no `segment` behind the rows,
// units that xarray would decode as times.
void validate(const LogSchema& schema);

}  // namespace tightrope
