// SPDX-License-Identifier: Apache-2.0
// What a detector of an error rate is fed: the loss of one decision, 1 for an error and 0 for none.
#pragma once

#include <cstdint>

namespace tightrope {

namespace internal {
[[noreturn]] void refuse_loss(const char* detector, double x, std::int64_t position,
                              const char* allowed);
}

// Throws InputError naming the detector unless x is 0 or 1.
inline void require_error_flag(const char* detector, double x, std::int64_t position) {
  if (x != 0 && x != 1) [[unlikely]] {
    internal::refuse_loss(detector, x, position, "it takes 0 and 1 only (1 = error)");
  }
}

// Throws InputError naming the detector unless x is in [0, 1].
inline void require_loss(const char* detector, double x, std::int64_t position) {
  if (x < 0 || x > 1) [[unlikely]] {
    internal::refuse_loss(detector, x, position, "its bound holds only in [0, 1] (1 = error)");
  }
}

}  // namespace tightrope
