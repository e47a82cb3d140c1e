// SPDX-License-Identifier: Apache-2.0
#include "core/config/yaml_guard.h"

#include <fmt/format.h>

#include <algorithm>

namespace tightrope::internal {
namespace {

// Opening brackets in a row. The parser needs seconds for millions of them, and nobody means them.
constexpr std::size_t kMostBrackets = 1000;

unsigned char byte_at(std::string_view text, std::size_t i) {
  return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
}

// Bytes of the well-formed UTF-8 sequence at i, or 0 (overlong forms and surrogates included).
std::size_t utf8_length(std::string_view text, std::size_t i) {
  const unsigned char lead = byte_at(text, i);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte_at(text, i + k) & 0xc0) != 0x80) return 0;
  }
  const unsigned char second = byte_at(text, i + 1);
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool outside = (lead == 0xed && second >= 0xa0) || (lead == 0xf4 && second >= 0x90);
  return overlong || outside ? 0 : length;
}

std::string byte_defect(std::string_view text, std::size_t i) {
  const unsigned char byte = byte_at(text, i);
  if (byte == 0) return "a NUL byte: this is a binary file, not YAML text";
  if (byte == '\r') {
    return "a carriage return without a line feed: save the file with LF or CRLF line ends";
  }
  if (byte < 0x20 || byte == 0x7f) {
    return fmt::format("a control character (0x{:02x}): this is not YAML text", byte);
  }
  return fmt::format("not valid UTF-8 (byte 0x{:02x}): save the file as UTF-8", byte);
}

bool allowed_byte(std::string_view text, std::size_t i) {
  const unsigned char byte = byte_at(text, i);
  if (byte == '\r') return byte_at(text, i + 1) == '\n';
  if (byte == '\n' || byte == '\t') return true;
  return byte >= 0x20 && byte != 0x7f && utf8_length(text, i) > 0;
}

void check_tabs(const SourceText& source, Problems& problems) {
  constexpr int kMost = 20;
  int found = 0;
  const std::string_view text = source.text();
  std::size_t begin = 0;
  while (begin < text.size() && found < kMost) {
    std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) end = text.size();
    // Indentation is blanks, and the dashes of list items between them.
    std::size_t i = begin;
    std::size_t tab = end;
    for (; i < end; ++i) {
      if (text[i] == '\t' && tab == end) tab = i;
      const bool dash =
          text[i] == '-' && (byte_at(text, i + 1) == ' ' || byte_at(text, i + 1) == '\t');
      if (text[i] != ' ' && text[i] != '\t' && !dash) break;
    }
    const bool blank = i == end || text[i] == '\r' || text[i] == '#';
    if (tab < end && !blank) {
      problems.add(source.mark_at(tab), "", "a tab is used for indentation; use spaces");
      ++found;
    }
    begin = end + 1;
  }
}

}  // namespace

SourceText::SourceText(std::string_view text, std::string name, bool positions)
    : text_(text),
      name_(std::make_shared<const std::string>(std::move(name))),
      positions_(positions),
      line_begin_{0} {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') line_begin_.push_back(i + 1);
  }
}

Mark SourceText::mark_at(std::size_t offset) const {
  const auto after = std::upper_bound(line_begin_.begin(), line_begin_.end(), offset);
  const std::size_t line = static_cast<std::size_t>(after - line_begin_.begin()) - 1;
  return mark_at(static_cast<int>(line), static_cast<int>(offset - line_begin_[line]));
}

Mark SourceText::mark_at(int line, int byte_column) const {
  if (!positions_) return {name_, 0, 0};
  if (line < 0) return mark_at(text_.size());
  const std::string_view before =
      line_text(line).substr(0, static_cast<std::size_t>(std::max(byte_column, 0)));
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
  const auto hidden = std::count_if(before.begin(), before.end(), continues);
  return {name_, line + 1, byte_column + 1 - static_cast<int>(hidden)};
}

std::string_view SourceText::line_text(int line) const {
  const std::size_t index = static_cast<std::size_t>(line);
  if (line < 0 || index >= line_begin_.size()) return {};
  const std::size_t end = index + 1 < line_begin_.size() ? line_begin_[index + 1] : text_.size();
  return text_.substr(line_begin_[index], end - line_begin_[index]);
}

void check_text(const SourceText& source, Problems& problems) {
  const std::string_view text = source.text();
  if (text.size() > kLargestText) {
    problems.add(
        source.mark_at(0), "",
        fmt::format("{} bytes is more than the 16 MiB a configuration may have", text.size()));
    return;
  }
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
    problems.add(source.mark_at(0), "", "this is UTF-16 text: save the file as UTF-8");
    return;
  }
  std::size_t brackets = 0;
  for (std::size_t i = 0; i < text.size();) {
    brackets = text[i] == '[' || text[i] == '{' ? brackets + 1 : 0;
    if (brackets > kMostBrackets) {
      problems.add(source.mark_at(i), "", "nested deeper than 64 levels");
      return;
    }
    if (!allowed_byte(text, i)) {
      problems.add(source.mark_at(i), "", byte_defect(text, i));
      return;
    }
    i += utf8_length(text, i);
  }
  check_tabs(source, problems);
}

}  // namespace tightrope::internal
