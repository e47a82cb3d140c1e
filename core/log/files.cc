// SPDX-License-Identifier: Apache-2.0
#include "core/log/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "core/base/error.h"

namespace tightrope {

namespace {

// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags, const char* tried)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {
    if (fd_ < 0) throw_io_error(tried, path, errno);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(fd_); }
  int get() const { return fd_; }

 private:
  int fd_;
};

void write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throw_io_error("write", path, errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void sync_descriptor(int fd, const std::string& path) {
  if (::fsync(fd) != 0) throw_io_error("put on the disk", path, errno);
}

}  // namespace

void throw_io_error(const std::string& tried, const std::string& path, int error) {
  const char* hint = "";
  if (error == ENOSPC || error == EDQUOT) hint = "disk full: ";
  if (error == EROFS) hint = "read-only: ";
  throw IoError(fmt::format("cannot {} {}: {}{}", tried, path, hint, std::strerror(error)));
}

void sync_file(const std::string& path) {
  const Descriptor file(path, O_RDONLY, "open");
  sync_descriptor(file.get(), path);
}

void sync_folder_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const std::string folder = parent.empty() ? "." : parent;
  const Descriptor handle(folder, O_RDONLY | O_DIRECTORY, "open folder");
  // Some network file systems cannot sync folders; they say EINVAL.
  if (::fsync(handle.get()) != 0 && errno != EINVAL) {
    throw_io_error("put on the disk", folder, errno);
  }
}

void rename_file(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) {
    throw_io_error(fmt::format("rename {} to", from), to, errno);
  }
}

bool keep_first(const std::string& candidate, const std::string& path) {
  const bool first = ::link(candidate.c_str(), path.c_str()) == 0;
  const int error = errno;
  if (!first && error != EEXIST) throw_io_error(fmt::format("name {}", candidate), path, error);
  remove_file(candidate);
  return first;
}

std::string private_name(const std::string& path) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("{}.{}.{}.tmp", path, host.data(), ::getpid());
}

void write_file_synced(const std::string& path, std::string_view bytes) {
  const Descriptor file(path, O_WRONLY | O_CREAT | O_TRUNC, "create");
  write_all(file.get(), bytes, path);
  sync_descriptor(file.get(), path);
}

void replace_file(const std::string& path, std::string_view bytes) {
  const std::string temporary = private_name(path);
  try {
    write_file_synced(temporary, bytes);
    rename_file(temporary, path);
  } catch (const IoError&) {
    ::unlink(temporary.c_str());
    throw;
  }
}

void copy_file(const std::string& from, const std::string& to) {
  const Descriptor source(from, O_RDONLY, "open");
  const Descriptor target(to, O_WRONLY | O_CREAT | O_TRUNC, "create");
  for (;;) {
    const ssize_t copied =
        ::copy_file_range(source.get(), nullptr, target.get(), nullptr, 1U << 30, 0);
    if (copied == 0) return;
    if (copied < 0) {
      if (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) break;
      throw_io_error(fmt::format("copy {} to", from), to, errno);
    }
  }
  std::string buffer(1U << 20, '\0');
  for (;;) {
    const ssize_t count = ::read(source.get(), buffer.data(), buffer.size());
    if (count < 0) throw_io_error("read", from, errno);
    if (count == 0) return;
    write_all(target.get(), {buffer.data(), static_cast<std::size_t>(count)}, to);
  }
}

std::string read_whole_file(const std::string& path, std::uint64_t maximum) {
  const Descriptor file(path, O_RDONLY, "open");
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_io_error("read", path, errno);
  if (!S_ISREG(status.st_mode)) throw IoError(fmt::format("cannot read {}: not a file", path));
  if (static_cast<std::uint64_t>(status.st_size) > maximum) {
    throw IoError(fmt::format("cannot read {}: {} bytes, at most {} are allowed", path,
                              status.st_size, maximum));
  }
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::read(file.get(), bytes.data() + done, bytes.size() - done);
    if (count < 0) throw_io_error("read", path, errno);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

bool file_exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

bool is_regular_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

std::uint64_t file_size(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw_io_error("read", path, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

void remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw_io_error("remove", path, errno);
}

}  // namespace tightrope
