// SPDX-License-Identifier: Apache-2.0
#include "core/config/sweep_tokens.h"

#include "core/config/problems.h"

namespace tightrope::internal {
namespace {

// Length of the operator or bracket at i, or 0.
std::size_t symbol_length(std::string_view text, std::size_t i) {
  const std::string_view two = text.substr(i, 2);
  if (two == "==" || two == "!=" || two == "<=" || two == ">=") return 2;
  return std::string_view("<>()[],").find(text[i]) == std::string_view::npos ? 0 : 1;
}

}  // namespace

std::vector<FilterToken> filter_tokens(std::string_view text) {
  constexpr std::string_view kWord =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-+";
  std::vector<FilterToken> tokens;
  std::size_t i = 0;
  while (i < text.size()) {
    if (text[i] == ' ' || text[i] == '\n' || text[i] == '\t') {
      ++i;
      continue;
    }
    FilterToken token;
    token.place = i;
    if (const std::size_t symbol = symbol_length(text, i); symbol > 0) {
      token.text = text.substr(i, symbol);
      i += symbol;
    } else if (text[i] == '"' || text[i] == '\'') {
      const std::size_t close = text.find(text[i], i + 1);
      if (close == std::string_view::npos) throw FilterError{i, "a quote is never closed"};
      token.text = text.substr(i + 1, close - i - 1);
      token.literal = true;
      i = close + 1;
    } else {
      const std::size_t end = std::min(text.find_first_not_of(kWord, i), text.size());
      if (end == i) {
        const char c = text[i];
        throw FilterError{i, c == '=' ? "expected \"==\", got \"=\""
                                      : "unexpected " + shown_text(text.substr(i, 1))};
      }
      token.text = text.substr(i, end - i);
      token.word = true;
      i = end;
    }
    tokens.push_back(std::move(token));
  }
  FilterToken end;
  end.place = text.size();
  end.end = true;
  tokens.push_back(end);
  return tokens;
}

}  // namespace tightrope::internal
