// SPDX-License-Identifier: Apache-2.0
#include "core/detectors/loss_input.h"

#include "core/base/check.h"

namespace tightrope {

void refuse_loss(const char* detector, double x, std::int64_t position, const char* allowed) {
  throw InputError(
      fmt::format("{} input at position {} is {}: {}", detector, position, x, allowed));
}

void refuse_no_flag(const char* detector, double x, std::int64_t position) {
  refuse_loss(detector, x, position, "it takes 0 and 1 only (1 = error)");
}

}  // namespace tightrope
