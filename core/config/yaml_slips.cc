// SPDX-License-Identifier: Apache-2.0
#include "core/config/yaml_slips.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/config/problems.h"

namespace tightrope::internal {
namespace {

constexpr std::string_view kBlank = " \t\r\n";

// The source from the value itself on: after its anchor, tag, blanks and comments.
std::string_view value_text(std::string_view text) {
  while (!text.empty()) {
    const char c = text[0];
    std::size_t skip = 0;
    if (c == '&' || c == '!') skip = std::min(text.find_first_of(kBlank), text.size());
    if (c == '#') skip = std::min(text.find('\n'), text.size());
    if (kBlank.find(c) != std::string_view::npos) skip = 1;
    if (skip == 0) break;
    text = text.substr(skip);
  }
  return text;
}

// Bytes up to and with the closing quote of a text that begins with a quote; npos without one.
std::size_t quoted_length(std::string_view text) {
  const char quote = text.empty() ? '"' : text[0];
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return i + 1;
      ++i;
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::string hidden_tag_slip(std::string_view source) {
  if (source.starts_with('&')) {
    source = source.substr(std::min(source.find_first_of(kBlank), source.size()));
    source = source.substr(std::min(source.find_first_not_of(" \t"), source.size()));
  }
  if (!source.starts_with('!')) return "";
  const std::string_view tag = source.substr(0, source.find_first_of(" ,]}\n\r\t"));
  return "tags are not allowed: " + shown_text(tag);
}

std::string continuation_slip(std::string_view source, const std::string& value) {
  if (value_text(source).starts_with(value)) return "";
  return fmt::format(
      "unquoted text goes on over the next line and would read as {}; check the indentation and "
      "the space after \"-\" and \":\", or quote the text",
      shown_text(value));
}

std::string open_quote_slip(std::string_view source) {
  const std::string_view text = value_text(source);
  const bool in_quotes = text.starts_with('"') || text.starts_with('\'');  // else | or >
  const bool open = in_quotes && quoted_length(text) == std::string_view::npos;
  return open ? "a quoted text is never closed" : "";
}

std::string lone_key_slip(std::string_view source, const std::string& key, bool plain, bool flow) {
  const std::string_view text = value_text(source);
  const std::size_t length = plain ? key.size() : quoted_length(text);
  const std::size_t next = text.find_first_not_of(kBlank, std::min(length, text.size()));
  if (next == std::string_view::npos && flow) return "";  // the parser misses the bracket
  if (next != std::string_view::npos && text[next] == ':') return "";
  return fmt::format("expected a {} in {}",
                     plain && key.find(':') != std::string::npos
                         ? "space after the \":\""
                         : "\":\" and a value after the key",
                     shown_text(key));
}

std::string parser_words(const std::string& message) {
  static const std::vector<std::pair<std::string, std::string>> kWords = {
      {"illegal EOF in scalar", "a quoted text is never closed"},
      {"illegal map value",
       "a \":\" is not expected here; check the indentation and the end of the line above, or "
       "quote "
       "text that holds \": \""},
      {"end of map not found",
       "not a key of the mapping above; check the indentation and the \":\" after the key"},
      {"end of sequence not found",
       "not an item of the list above; check the indentation and the \"- \" before the item"},
      {"end of map flow not found", "a { is never closed, or a comma is missing"},
      {"end of sequence flow not found", "a [ is never closed, or a comma is missing"},
      {"illegal flow end", "a closing bracket that nothing opened, or one of the wrong kind"},
      {"illegal block entry", "a \"- \" is not expected here; check the indentation"},
      {"illegal map key", "a key is not expected here; check the indentation"},
      {"unknown token", "this character cannot begin a value; quote the text"},
      {"the referenced anchor is not defined", "an alias to an anchor that is not defined"},
  };
  for (const auto& [theirs, ours] : kWords) {
    if (message.starts_with(theirs)) return ours;
  }
  return message;
}

}  // namespace tightrope::internal
