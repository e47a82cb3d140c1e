// SPDX-License-Identifier: Apache-2.0
#include "core/base/check.h"

namespace tightrope::internal {

void fail_check(const char* condition, const char* file, int line, const std::string& text) {
  throw InternalError(fmt::format("internal check failed: {} at {}:{}{}{}", condition, file, line,
                                  text.empty() ? "" : ": ", text));
}

}  // namespace tightrope::internal
