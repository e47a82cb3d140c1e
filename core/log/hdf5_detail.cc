// SPDX-License-Identifier: Apache-2.0
#include "core/log/hdf5_detail.h"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <array>

#include "core/base/error.h"

namespace tightrope::hdf5 {

static_assert(sizeof(hid_t) == sizeof(Id), "HDF5 1.10 or newer is needed");

Handle& Handle::operator=(Handle&& other) noexcept {
  if (this != &other) {
    reset();
    id_ = other.id_;
    other.id_ = -1;
  }
  return *this;
}

void Handle::reset() {
  if (id_ < 0) return;
  const internal::Call call;
  H5Idec_ref(id_);
  id_ = -1;
}

namespace internal {
namespace {

std::recursive_mutex& mutex() {
  static std::recursive_mutex instance;
  return instance;
}

herr_t collect(unsigned, const H5E_error2_t* error, void* data) {
  auto& lines = *static_cast<std::vector<std::string>*>(data);
  if (error->desc != nullptr && *error->desc != 0) lines.emplace_back(error->desc);
  return 0;
}

// What the operating system's error number in HDF5's text means for a user; "" when none.
std::string reason(const std::string& text) {
  struct Known {
    const char* sign;
    const char* meaning;
  };
  static constexpr std::array<Known, 8> kKnown{{
      {"unable to lock file",
       "another process has it open, or the file system has no locks "
       "(then set HDF5_USE_FILE_LOCKING=FALSE)"},
      {"errno = 28,", "disk full (No space left on device)"},
      {"errno = 27,", "file too large (a file size limit is set)"},
      {"errno = 122,", "disk quota exceeded"},
      {"errno = 30,", "read-only file system"},
      {"errno = 13,", "permission denied"},
      {"errno = 2,", "no such file or folder"},
      {"file signature not found", "not an HDF5 file"},
  }};
  for (const Known& known : kKnown) {
    if (text.find(known.sign) != std::string::npos) return known.meaning;
  }
  if (text.find("truncated") != std::string::npos) return "the file is truncated";
  if (text.find("already open for write") != std::string::npos ||
      text.find("consistency flags") != std::string::npos) {
    return "it was not closed cleanly or a program is writing it";
  }
  if (text.find("checksum") != std::string::npos) return "the file is damaged";
  return "";
}

}  // namespace

Call::Call() : lock_(mutex()) {
  // Without this the library closes abandoned files at exit.
  [[maybe_unused]] static const herr_t once = H5dont_atexit();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5Eclear2(H5E_DEFAULT);
}

void fail(const std::string& tried, const std::string& where) {
  std::vector<std::string> lines;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, collect, &lines);
  std::string all;
  for (const std::string& line : lines) all += line + "; ";
  const std::string meaning = reason(all);
  std::string said = lines.empty() ? "no message" : lines.front();
  said.resize(std::min(said.find(": time ="), said.size()));  // buffer addresses help nobody
  throw IoError(fmt::format("cannot {} {}: {}{}HDF5 says: {}", tried, where, meaning,
                            meaning.empty() ? "" : "; ", said));
}

Handle memory_type(LogType type) {
  switch (type) {
    case LogType::kF32:
      return Handle(H5Tcopy(H5T_NATIVE_FLOAT));
    case LogType::kF64:
      return Handle(H5Tcopy(H5T_NATIVE_DOUBLE));
    case LogType::kI32:
      return Handle(H5Tcopy(H5T_NATIVE_INT32));
    case LogType::kI64:
      return Handle(H5Tcopy(H5T_NATIVE_INT64));
    case LogType::kU8:
      return Handle(H5Tcopy(H5T_NATIVE_UINT8));
    case LogType::kString:
      break;
  }
  Handle text(H5Tcopy(H5T_C_S1));
  H5Tset_size(text.id(), H5T_VARIABLE);
  H5Tset_cset(text.id(), H5T_CSET_UTF8);
  return text;
}

LogType element_type(Id type, const std::string& where) {
  const H5T_class_t kind = H5Tget_class(type);
  const std::size_t size = H5Tget_size(type);
  if (kind == H5T_STRING && H5Tis_variable_str(type) > 0) return LogType::kString;
  if (kind == H5T_FLOAT && size == 4) return LogType::kF32;
  if (kind == H5T_FLOAT && size == 8) return LogType::kF64;
  if (kind == H5T_INTEGER) {
    const bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
    if (is_signed && size == 4) return LogType::kI32;
    if (is_signed && size == 8) return LogType::kI64;
    if (!is_signed && size == 1) return LogType::kU8;
  }
  throw IoError(fmt::format("{}: holds a data type that is not part of a log", where));
}

Handle simple_space(const LogShape& shape, const LogShape& maximum, const std::string& where) {
  if (shape.empty()) return Handle(check(H5Screate(H5S_SCALAR), "make a dataspace for", where));
  const std::vector<hsize_t> extents(shape.begin(), shape.end());
  std::vector<hsize_t> limits(maximum.begin(), maximum.end());
  for (hsize_t& limit : limits) {
    if (limit == kUnlimited) limit = H5S_UNLIMITED;
  }
  return Handle(check(H5Screate_simple(static_cast<int>(shape.size()), extents.data(),
                                       limits.empty() ? nullptr : limits.data()),
                      "make a dataspace for", where));
}

}  // namespace internal
}  // namespace tightrope::hdf5
