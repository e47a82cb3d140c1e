// SPDX-License-Identifier: Apache-2.0
// Lines of a file of any size in bounded memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tightrope {

class LineReader {
 public:
  // Throws InputError when the file cannot be opened or is a folder.
  LineReader(const std::string& path, std::size_t longest);
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;
  ~LineReader();

  // The next line without its line break, valid until the next call; false at the end of the file.
  // A last line may lack its line break. Throws IoError when reading fails.
  bool next(std::string_view& line);
  // Whether the line of the last call had more than `longest` bytes; it is then cut to them.
  bool cut() const { return cut_; }

 private:
  bool refill();

  std::string path_;
  std::size_t longest_;
  int file_ = -1;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // what of the buffer was not given out yet
  std::string line_;
  bool cut_ = false;
};

}  // namespace tightrope
