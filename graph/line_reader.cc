// SPDX-License-Identifier: Apache-2.0
#include "graph/line_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/check.h"
#include "core/log/files.h"

namespace tightrope {

LineReader::LineReader(const std::string& path, std::size_t longest)
    : path_(path), longest_(longest), buffer_(std::size_t{1} << 18) {
  file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  TR_REQUIRE(file_ >= 0, "{}: cannot be opened: {}", path, std::strerror(errno));
  struct stat status {};
  if (::fstat(file_, &status) == 0 && S_ISDIR(status.st_mode)) {
    ::close(file_);
    throw InputError(path + ": is a folder, must be a file");
  }
}

LineReader::~LineReader() { ::close(file_); }

bool LineReader::refill() {
  ssize_t count = 0;
  do {
    count = ::read(file_, buffer_.data(), buffer_.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) throw_io_error("read", path_, errno);
  begin_ = 0;
  end_ = static_cast<std::size_t>(count);
  return count > 0;
}

bool LineReader::next(std::string_view& line) {
  line_.clear();
  cut_ = false;
  bool any = false;
  while (begin_ < end_ || refill()) {
    any = true;
    const char* from = buffer_.data() + begin_;
    const auto* stop = static_cast<const char*>(std::memchr(from, '\n', end_ - begin_));
    const std::size_t length = stop != nullptr ? stop - from : end_ - begin_;
    cut_ = cut_ || line_.size() + length > longest_;
    if (stop != nullptr && line_.empty() && !cut_) {  // whole in the buffer: no copy
      line = {from, length};
      begin_ += length + 1;
      return true;
    }
    line_.append(from, std::min(length, longest_ - line_.size()));
    begin_ += length + (stop != nullptr ? 1 : 0);
    if (stop != nullptr) break;
  }
  line = line_;
  return any;
}

}  // namespace tightrope
