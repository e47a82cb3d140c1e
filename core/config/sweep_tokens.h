// SPDX-License-Identifier: Apache-2.0
// The words of a `when` filter.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tightrope::internal {

struct FilterToken {
  std::string text;
  std::size_t place = 0;  // first character within the filter
  bool word = false;      // a name, number or bare text
  bool literal = false;   // was in quotes
  bool end = false;
};

struct FilterError {
  std::size_t place;
  std::string text;
};

// Throws FilterError. The last token is the end.
std::vector<FilterToken> filter_tokens(std::string_view text);

}  // namespace tightrope::internal
