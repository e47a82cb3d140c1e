// SPDX-License-Identifier: Apache-2.0
// TR_REQUIRE for what a user can cause, TR_CHECK for our own invariants (always on),
// TR_DCHECK for hot loops (debug builds only). All take a fmt format string with values.
#pragma once

#include <fmt/format.h>

#include "core/base/error.h"

namespace tightrope::internal {

[[noreturn]] void fail_check(const char* condition, const char* file, int line,
                             const std::string& text);

}  // namespace tightrope::internal

// Throws InputError with the formatted text.
#define TR_REQUIRE(condition, ...)                               \
  do {                                                           \
    if (!(condition)) {                                          \
      throw ::tightrope::InputError(::fmt::format(__VA_ARGS__)); \
    }                                                            \
  } while (false)

// Throws InternalError with the condition, its place and the formatted text.
#define TR_CHECK(condition, ...)                                        \
  do {                                                                  \
    if (!(condition)) {                                                 \
      ::tightrope::internal::fail_check(#condition, __FILE__, __LINE__, \
                                        ::fmt::format("" __VA_ARGS__)); \
    }                                                                   \
  } while (false)

#ifdef NDEBUG
#define TR_DCHECK(condition, ...) \
  do {                            \
  } while (false)
#else
#define TR_DCHECK(condition, ...) TR_CHECK(condition, __VA_ARGS__)
#endif
