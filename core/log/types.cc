// SPDX-License-Identifier: Apache-2.0
#include "core/log/types.h"

namespace tightrope {

std::size_t log_type_size(LogType type) {
  switch (type) {
    case LogType::kF32:
    case LogType::kI32:
      return 4;
    case LogType::kF64:
    case LogType::kI64:
      return 8;
    case LogType::kU8:
      return 1;
    case LogType::kString:
      break;
  }
  return 0;
}

const char* log_type_name(LogType type) {
  switch (type) {
    case LogType::kF32:
      return "f32";
    case LogType::kF64:
      return "f64";
    case LogType::kI32:
      return "i32";
    case LogType::kI64:
      return "i64";
    case LogType::kU8:
      return "u8";
    case LogType::kString:
      break;
  }
  return "string";
}

}  // namespace tightrope
