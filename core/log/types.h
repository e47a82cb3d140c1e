// SPDX-License-Identifier: Apache-2.0
// The element types and attribute values a log may hold. No booleans, compounds or fixed-length
// strings: other readers lose them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace tightrope {

enum class LogType { kF32, kF64, kI32, kI64, kU8, kString };

// Bytes of one element in memory; 0 for strings.
std::size_t log_type_size(LogType type);

// "f32", "f64", "i32", "i64", "u8", "string".
const char* log_type_name(LogType type);

using LogValue = std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>,
                              std::vector<double>, std::vector<std::string>>;

struct LogAttribute {
  std::string name;
  LogValue value;
};

// Extents of an array, slowest axis first.
using LogShape = std::vector<std::uint64_t>;

// The LogType of a C++ element type.
template <typename T>
constexpr LogType log_type_of() {
  if constexpr (std::is_same_v<T, float>) return LogType::kF32;
  if constexpr (std::is_same_v<T, double>) return LogType::kF64;
  if constexpr (std::is_same_v<T, std::int32_t>) return LogType::kI32;
  if constexpr (std::is_same_v<T, std::int64_t>) return LogType::kI64;
  if constexpr (std::is_same_v<T, std::uint8_t>) return LogType::kU8;
  if constexpr (std::is_same_v<T, std::string>) return LogType::kString;
}

}  // namespace tightrope
