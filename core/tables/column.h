// SPDX-License-Identifier: Apache-2.0
// A column of a table: metric(environment[, subset]), for example accuracy(target, entangled).
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace tightrope {

struct Column {
  std::string metric;
  std::string environment;     // "" = the first named environment
  std::string subset = "all";  // all, entangled, single, or the name of a disease
  std::string text() const;    // "accuracy(target, entangled)"
  auto operator<=>(const Column&) const = default;
};

// Throws InputError with the text and what is expected.
Column parse_column(std::string_view text);

}  // namespace tightrope
