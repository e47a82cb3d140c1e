// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <hdf5.h>

#include "core/base/error.h"
#include "core/log/hdf5_detail.h"
#include "core/log/seal.h"

namespace tightrope::hdf5 {

using internal::Call;
using internal::check;

namespace {

constexpr hssize_t kMaximumElements = 1 << 20;

// HDF5 converts from the memory type to the stored type.
void write_numbers(Id object, const std::string& name, LogType memory, LogType stored,
                   const LogShape& shape, const void* data, const std::string& where) {
  const Handle space = internal::simple_space(shape, {}, where);
  const Handle stored_type = internal::memory_type(stored);
  const Handle memory_type = internal::memory_type(memory);
  const Handle attribute(check(
      H5Acreate2(object, name.c_str(), stored_type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT),
      "create attribute", where));
  check(H5Awrite(attribute.id(), memory_type.id(), data), "write attribute", where);
}

void write_texts(Id object, const std::string& name, const LogShape& shape,
                 std::span<const std::string> values, const std::string& where) {
  std::vector<const char*> pointers;
  for (const std::string& value : values) pointers.push_back(value.c_str());
  write_numbers(object, name, LogType::kString, LogType::kString, shape, pointers.data(), where);
}

struct Value {
  LogType type;
  bool scalar;
  std::size_t count;
};

Value describe(Id attribute, const std::string& where) {
  const Handle type(check(H5Aget_type(attribute), "read attribute", where));
  const Handle space(check(H5Aget_space(attribute), "read attribute", where));
  const hssize_t count = check(H5Sget_simple_extent_npoints(space.id()), "read attribute", where);
  if (count > kMaximumElements) {
    throw IoError(fmt::format("{}: an attribute of {} elements", where, count));
  }
  const H5T_class_t kind = H5Tget_class(type.id());
  LogType element = LogType::kString;
  if (kind == H5T_INTEGER) {
    element = LogType::kI64;
  } else if (kind == H5T_FLOAT) {
    element = LogType::kF64;
  } else if (kind != H5T_STRING || H5Tis_variable_str(type.id()) <= 0) {
    throw IoError(fmt::format("{}: an attribute that is not part of a log", where));
  }
  return {element, H5Sget_simple_extent_type(space.id()) == H5S_SCALAR,
          static_cast<std::size_t>(count)};
}

template <typename T>
LogValue read_numbers(Id attribute, const Value& value, const std::string& where) {
  std::vector<T> data(value.count);
  const Handle type = internal::memory_type(value.type);
  check(H5Aread(attribute, type.id(), data.data()), "read attribute", where);
  if (value.scalar) return data.at(0);
  return data;
}

LogValue read_texts(Id attribute, const Value& value, const std::string& where) {
  std::vector<char*> pointers(value.count, nullptr);
  const Handle type(check(H5Aget_type(attribute), "read attribute", where));
  const Handle space(check(H5Aget_space(attribute), "read attribute", where));
  check(H5Aread(attribute, type.id(), pointers.data()), "read attribute", where);
  std::vector<std::string> texts;
  for (const char* pointer : pointers) texts.emplace_back(pointer == nullptr ? "" : pointer);
  H5Dvlen_reclaim(type.id(), space.id(), H5P_DEFAULT, pointers.data());
  if (value.scalar) return texts.at(0);
  return texts;
}

herr_t collect_name(hid_t, const char* name, const H5A_info_t*, void* data) {
  static_cast<std::vector<std::string>*>(data)->emplace_back(name);
  return 0;
}

}  // namespace

void Object::set_attribute(const std::string& name, const LogValue& value,
                           std::optional<LogType> stored_as) {
  const Call call;
  const std::string where = fmt::format("{}@{}", where_, name);
  if (has_attribute(name)) check(H5Adelete(id(), name.c_str()), "replace attribute", where);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    write_numbers(id(), name, LogType::kI64, stored_as.value_or(LogType::kI64), {}, integer, where);
  } else if (const auto* number = std::get_if<double>(&value)) {
    write_numbers(id(), name, LogType::kF64, stored_as.value_or(LogType::kF64), {}, number, where);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    write_texts(id(), name, {}, {text, 1}, where);
  } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&value)) {
    write_numbers(id(), name, LogType::kI64, stored_as.value_or(LogType::kI64), {integers->size()},
                  integers->data(), where);
  } else if (const auto* numbers = std::get_if<std::vector<double>>(&value)) {
    write_numbers(id(), name, LogType::kF64, stored_as.value_or(LogType::kF64), {numbers->size()},
                  numbers->data(), where);
  } else {
    const auto& texts = std::get<std::vector<std::string>>(value);
    write_texts(id(), name, {texts.size()}, texts, where);
  }
}

bool Object::has_attribute(const std::string& name) const {
  const Call call;
  return H5Aexists(id(), name.c_str()) > 0;
}

LogValue Object::attribute(const std::string& name) const {
  const Call call;
  const std::string where = fmt::format("{}@{}", where_, name);
  const Handle attribute(check(H5Aopen(id(), name.c_str(), H5P_DEFAULT), "read attribute", where));
  const Value value = describe(attribute.id(), where);
  if (value.type == LogType::kI64) return read_numbers<std::int64_t>(attribute.id(), value, where);
  if (value.type == LogType::kF64) return read_numbers<double>(attribute.id(), value, where);
  return read_texts(attribute.id(), value, where);
}

std::vector<LogAttribute> Object::attributes() const {
  const Call call;
  std::vector<std::string> names;
  if (H5Aiterate2(id(), H5_INDEX_CRT_ORDER, H5_ITER_INC, nullptr, collect_name, &names) < 0) {
    names.clear();
    check(H5Aiterate2(id(), H5_INDEX_NAME, H5_ITER_INC, nullptr, collect_name, &names),
          "list the attributes of", where_);
  }
  std::vector<LogAttribute> result;
  for (const std::string& name : names) {
    // Of the dimension scale interface and of the seal: how a file is held together.
    if (name == "CLASS" || name == "NAME" || name == "DIMENSION_LIST" || name == "REFERENCE_LIST" ||
        name == kSealAttribute || name == kSealRangesAttribute) {
      continue;
    }
    result.push_back({name, attribute(name)});
  }
  return result;
}

}  // namespace tightrope::hdf5
