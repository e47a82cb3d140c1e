// SPDX-License-Identifier: Apache-2.0
#include "core/log/schema.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string_view>

#include "core/base/check.h"

namespace tightrope {

namespace {

bool is_name(const std::string& name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// xarray turns numbers with these units into time differences or dates.
bool decodes_as_time(const std::string& units) {
  static constexpr std::array<std::string_view, 7> kTimes{
      "days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"};
  return std::find(kTimes.begin(), kTimes.end(), units) != kTimes.end() ||
         units.find(" since ") != std::string::npos;
}

void check_texts(const std::string& units, const std::string& long_name, const std::string& where) {
  TR_CHECK(!units.empty() && !long_name.empty(), "{} needs units and a long_name", where);
  TR_CHECK(!decodes_as_time(units), "{}: units '{}' read as a time; write \"s\"", where, units);
}

std::size_t coordinate_length(const LogCoordinate& coordinate) {
  return std::visit(
      [](const auto& values) -> std::size_t {
        if constexpr (std::is_same_v<std::decay_t<decltype(values)>, std::monostate>)
          return 0;
        else
          return values.size();
      },
      coordinate);
}

void check_dimension(const LogDimension& dim, const std::string& where) {
  TR_CHECK(is_name(dim.name), "{}: '{}' is not a name", where, dim.name);
  if (dim.block > 0) {
    TR_CHECK(dim.length == 0 && dim.coordinate.index() == 0,
             "{} grows: no length and no values beforehand", where);
    check_texts(dim.units, dim.long_name, where);
    return;
  }
  TR_CHECK(dim.length > 0, "{} has length 0", where);
  if (dim.coordinate.index() == 0) return;
  TR_CHECK(coordinate_length(dim.coordinate) == dim.length, "{}: {} values for length {}", where,
           coordinate_length(dim.coordinate), dim.length);
  check_texts(dim.units, dim.long_name, where);
}

// Whether a number survives storage as `type`.
bool representable(double value, LogType type) {
  const bool whole = std::floor(value) == value;
  if (type == LogType::kU8) return whole && value >= 0 && value <= 255;
  if (type == LogType::kI32) return whole && std::abs(value) <= 2147483647.0;
  if (type == LogType::kI64) return whole && std::abs(value) <= 9007199254740992.0;
  return true;
}

void check_flags(const LogVariable& variable, const std::string& where) {
  TR_CHECK(variable.flag_values.size() == variable.flag_meanings.size(),
           "{}: {} flag_values but {} flag_meanings", where, variable.flag_values.size(),
           variable.flag_meanings.size());
  if (variable.flag_values.empty()) return;
  TR_CHECK(variable.type != LogType::kF32 && variable.type != LogType::kF64 &&
               variable.type != LogType::kString,
           "{}: flags need an integer type", where);
  for (std::int64_t value : variable.flag_values) {
    TR_CHECK(representable(static_cast<double>(value), variable.type), "{}: flag {} does not fit",
             where, value);
  }
  for (const std::string& meaning : variable.flag_meanings) {
    TR_CHECK(!meaning.empty() && meaning.find(' ') == std::string::npos,
             "{}: flag meaning '{}' is not one word", where, meaning);
  }
}

void check_variable(const LogGroup& group, const LogVariable& variable, const std::string& where) {
  TR_CHECK(is_name(variable.name), "{}: '{}' is not a name", where, variable.name);
  TR_CHECK(find_dimension(group, variable.name) == nullptr, "{} is the name of a dimension", where);
  check_texts(variable.units, variable.long_name, where);
  check_flags(variable, where);
  if (variable.fill) {
    TR_CHECK(variable.type != LogType::kString && representable(*variable.fill, variable.type),
             "{}: fill {} does not fit", where, *variable.fill);
  }
  int appended = 0;
  for (std::size_t axis = 0; axis < variable.dims.size(); ++axis) {
    const LogDimension* dim = find_dimension(group, variable.dims[axis]);
    TR_CHECK(dim != nullptr, "{}: no dimension '{}'", where, variable.dims[axis]);
    TR_CHECK(std::count(variable.dims.begin(), variable.dims.end(), dim->name) == 1,
             "{}: dimension '{}' twice", where, dim->name);
    if (dim->block == 0) continue;
    ++appended;
    TR_CHECK(axis <= 1, "{}: '{}' must be its first or second dimension", where, dim->name);
  }
  TR_CHECK(appended <= 1, "{}: more than one appended dimension", where);
  TR_CHECK(appended == 0 || variable.type != LogType::kString,
           "{}: texts cannot be appended; write codes and a table of labels", where);
}

}  // namespace

LogDimension fixed_dimension(std::string name, std::uint64_t length) {
  LogDimension dim;
  dim.name = std::move(name);
  dim.length = length;
  return dim;
}

LogDimension labelled_dimension(std::string name, LogCoordinate coordinate, std::string units,
                                std::string long_name) {
  LogDimension dim = fixed_dimension(std::move(name), coordinate_length(coordinate));
  dim.units = std::move(units);
  dim.long_name = std::move(long_name);
  dim.coordinate = std::move(coordinate);
  return dim;
}

LogDimension appended_dimension(std::string name, std::uint64_t block, std::string units,
                                std::string long_name) {
  LogDimension dim;
  dim.name = std::move(name);
  dim.block = block;
  dim.units = std::move(units);
  dim.long_name = std::move(long_name);
  return dim;
}

const LogDimension* find_dimension(const LogGroup& group, const std::string& name) {
  for (const LogDimension& dim : group.dims) {
    if (dim.name == name) return &dim;
  }
  return nullptr;
}

std::optional<std::size_t> appended_axis(const LogGroup& group, const LogVariable& variable) {
  for (std::size_t axis = 0; axis < variable.dims.size(); ++axis) {
    const LogDimension* dim = find_dimension(group, variable.dims[axis]);
    if (dim != nullptr && dim->block > 0) return axis;
  }
  return {};
}

void validate(const LogSchema& schema) {
  std::set<std::string> groups;
  for (const LogGroup& group : schema.groups) {
    TR_CHECK(is_name(group.name), "'{}' is not a group name", group.name);
    TR_CHECK(groups.insert(group.name).second, "group '{}' twice", group.name);
    std::set<std::string> names;
    for (const LogDimension& dim : group.dims) {
      const std::string where = group.name + "/" + dim.name;
      check_dimension(dim, where);
      TR_CHECK(names.insert(dim.name).second, "{} twice", where);
    }
    for (const LogVariable& variable : group.variables) {
      const std::string where = group.name + "/" + variable.name;
      check_variable(group, variable, where);
      TR_CHECK(names.insert(variable.name).second, "{} twice", where);
    }
  }
}

}  // namespace tightrope
