// SPDX-License-Identifier: Apache-2.0
// What a detector of an error rate is fed: the loss of one decision, 1 for an error and 0 for none.
#pragma once

#include <cstdint>

namespace tightrope {

// Whether x is 0 or 1: one question, since which of the two comes is hard to predict.
inline bool is_error_flag(double x) { return x * (x - 1) == 0; }

// Throws InputError naming the detector and what it allows.
[[noreturn]] void refuse_loss(const char* detector, double x, std::int64_t position,
                              const char* allowed);

// The same for what is_error_flag() refuses.
[[noreturn]] void refuse_no_flag(const char* detector, double x, std::int64_t position);

}  // namespace tightrope
