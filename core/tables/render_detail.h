// SPDX-License-Identifier: Apache-2.0
// Shared by the sources that render tables only.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "core/stats/bootstrap.h"

namespace tightrope::internal {

// For a cell of a LaTeX table.
inline std::string escape_latex(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '<' || c == '>') {
      out += fmt::format("${}$", c);
      continue;
    }
    if (c == '_' || c == '%' || c == '&' || c == '#') out += '\\';
    out += c;
  }
  return out;
}

// "[+0.1234, +0.2345]" with the format of one number; "-" when there is no interval.
inline std::string bounds_text(const Bounds& bounds, const char* format) {
  if (!std::isfinite(bounds.low) || !std::isfinite(bounds.high)) return "-";
  return fmt::format("[{}, {}]", fmt::format(fmt::runtime(format), bounds.low),
                     fmt::format(fmt::runtime(format), bounds.high));
}

}  // namespace tightrope::internal
