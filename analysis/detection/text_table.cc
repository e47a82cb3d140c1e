// SPDX-License-Identifier: Apache-2.0
#include "analysis/detection/text_table.h"

#include <charconv>
#include <cstring>
#include <limits>

#include "core/base/check.h"
#include "core/base/strings.h"

namespace tightrope {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 18;
constexpr std::size_t kLongestLine = std::size_t{1} << 24;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// End of the cell that begins at `from`: the next separator outside of quotes.
std::size_t cell_end(std::string_view line, char separator, std::size_t from) {
  if (separator == ' ') {
    while (from < line.size() && !is_blank(line[from])) ++from;
    return from;
  }
  std::size_t start = from;
  while (start < line.size() && is_blank(line[start]) && line[start] != separator) ++start;
  if (start < line.size() && line[start] == '"') {
    for (start = start + 1; start < line.size() && line[start] != '"'; ++start) {
    }
    from = start;
  }
  const std::size_t end = line.find(separator, from);
  return end == std::string_view::npos ? line.size() : end;
}

TableCell cell_of(std::string_view line, std::size_t begin, std::size_t end) {
  while (begin < end && is_blank(line[begin])) ++begin;
  while (end > begin && is_blank(line[end - 1])) --end;
  if (end - begin >= 2 && line[begin] == '"' && line[end - 1] == '"') {
    ++begin;
    --end;
  }
  return {line.substr(begin, end - begin), begin + 1};
}

}  // namespace

TableLines::TableLines(const std::string& path) : path_(path), buffer_(kBufferBytes) {
  file_ = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  TR_REQUIRE(file_ != nullptr, "{}: cannot read it: {}", path, std::strerror(errno));
}

TableLines::~TableLines() {
  if (file_ != stdin) std::fclose(file_);
}

std::optional<std::string_view> TableLines::raw() {
  std::size_t searched = 0;
  for (;;) {
    const char* from = buffer_.data() + begin_;
    const void* found = std::memchr(from + searched, '\n', end_ - begin_ - searched);
    if (found != nullptr || (at_end_ && begin_ < end_)) {
      const std::size_t length =
          found != nullptr ? static_cast<const char*>(found) - from : end_ - begin_;
      begin_ += length + (found != nullptr ? 1 : 0);
      ++number_;
      return std::string_view(from, length);
    }
    if (at_end_) return std::nullopt;
    searched = end_ - begin_;
    TR_REQUIRE(searched <= kLongestLine, "{}:{}: a line of more than 16 MiB", path_, number_ + 1);
    std::memmove(buffer_.data(), from, searched);
    begin_ = 0;
    end_ = searched;
    if (end_ > buffer_.size() / 2) buffer_.resize(2 * buffer_.size());
    const std::size_t got = std::fread(buffer_.data() + end_, 1, buffer_.size() - end_, file_);
    if (got == 0 && std::ferror(file_) != 0) {
      throw IoError(fmt::format("{}: cannot read on: {}", path_, std::strerror(errno)));
    }
    at_end_ = got == 0;
    end_ += got;
  }
}

std::optional<std::string_view> TableLines::next() {
  while (std::optional<std::string_view> line = raw()) {
    if (number_ == 1 && line->starts_with("\xef\xbb\xbf")) line->remove_prefix(3);
    if (line->ends_with('\r')) line->remove_suffix(1);
    std::size_t first = 0;
    while (first < line->size() && is_blank((*line)[first])) ++first;
    if (first < line->size() && (*line)[first] != '#') return line;
  }
  return std::nullopt;
}

char separator_of(std::string_view line) {
  for (const char separator : {';', '\t', ','}) {
    if (line.find(separator) != std::string_view::npos) return separator;
  }
  return ' ';
}

std::optional<TableCell> cell_at(std::string_view line, char separator, std::size_t index) {
  std::size_t begin = 0;
  for (std::size_t k = 0;; ++k) {
    if (separator == ' ') {
      while (begin < line.size() && is_blank(line[begin])) ++begin;
      if (begin == line.size()) return std::nullopt;
    }
    const std::size_t end = cell_end(line, separator, begin);
    if (k == index) return cell_of(line, begin, end);
    if (end == line.size()) return std::nullopt;
    begin = end + 1;
  }
}

std::vector<TableCell> cells_of(std::string_view line, char separator) {
  std::vector<TableCell> cells;
  while (const auto cell = cell_at(line, separator, cells.size())) cells.push_back(*cell);
  return cells;
}

std::optional<double> parse_number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // Too small is 0 in every other reader; too large is not finite.
    const std::size_t exponent = text.find_first_of("eE");
    const bool tiny = exponent != std::string_view::npos && exponent + 1 < text.size() &&
                      text[exponent + 1] == '-';
    return tiny ? 0 : std::numeric_limits<double>::infinity();
  }
  if (error != std::errc()) return std::nullopt;
  return value;
}

}  // namespace tightrope
