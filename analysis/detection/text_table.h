// SPDX-License-Identifier: Apache-2.0
// The lines and cells of a text table.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tightrope {

// The lines of a file or of the standard input ("-") that carry cells: empty ones and comments (#)
// are skipped, a byte order mark and carriage returns taken off.
class TableLines {
 public:
  explicit TableLines(const std::string& path);
  TableLines(const TableLines&) = delete;
  TableLines& operator=(const TableLines&) = delete;
  ~TableLines();

  // Throws InputError for a line of more than 16 MiB, IoError when reading fails.
  std::optional<std::string_view> next();
  std::int64_t number() const { return number_; }  // of the last line, from 1

 private:
  std::optional<std::string_view> raw();

  std::string path_;
  std::FILE* file_ = nullptr;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // what of the buffer is not yet given out
  bool at_end_ = false;
  std::int64_t number_ = 0;
};

struct TableCell {
  std::string_view text;  // trimmed, without its quotes
  std::size_t column;     // 1-based, in bytes of the line
};

// What parts the cells of a table: ';', '\t', ',' or ' ' for white space.
char separator_of(std::string_view line);
// Cell `index` of a line, or nothing.
std::optional<TableCell> cell_at(std::string_view line, char separator, std::size_t index);
std::vector<TableCell> cells_of(std::string_view line, char separator);
// The whole text as a number, also one that is not finite; nothing for other text.
std::optional<double> parse_number(std::string_view text);

}  // namespace tightrope
