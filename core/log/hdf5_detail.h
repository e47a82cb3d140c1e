// SPDX-License-Identifier: Apache-2.0
// Shared by the hdf5*.cc sources only.
#pragma once

#include <mutex>
#include <string>

#include "core/log/hdf5.h"

namespace tightrope::hdf5::internal {

// Held during every use of the library; silences HDF5's own printing and forgets older errors.
class Call {
 public:
  Call();

 private:
  std::lock_guard<std::recursive_mutex> lock_;
};

// Throws IoError "cannot TRIED WHERE: reason" from HDF5's error stack.
[[noreturn]] void fail(const std::string& tried, const std::string& where);

// Returns `result`, or fails when it is negative.
template <typename T>
T check(T result, const char* tried, const std::string& where) {
  if (result < 0) fail(tried, where);
  return result;
}

// The memory type of an element type (a variable-length UTF-8 string type for kString).
Handle memory_type(LogType type);
// The element type of an HDF5 type; fails for kinds a log cannot hold.
LogType element_type(Id type, const std::string& where);
// A dataspace of this shape (scalar when empty).
Handle simple_space(const LogShape& shape, const LogShape& maximum, const std::string& where);

}  // namespace tightrope::hdf5::internal
