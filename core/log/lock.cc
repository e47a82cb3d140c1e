// SPDX-License-Identifier: Apache-2.0
#include "core/log/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fstream>
#include <sstream>
#include <utility>

#include "core/base/check.h"
#include "core/log/files.h"

namespace tightrope {

namespace {

struct Owner {
  std::string host;
  long pid = 0;
  std::string start;  // of the process: tells a reused process id from the old owner
  std::string since;  // UTC, for people
};

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

// Start time in clock ticks since boot (field 22 of /proc/PID/stat); "" when there is no process.
std::string process_start(long pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(file, line)) return "";
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  return field;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

Owner read_owner(int fd) {
  std::array<char, 1024> bytes{};
  const ssize_t count = ::pread(fd, bytes.data(), bytes.size() - 1, 0);
  std::istringstream lines(
      std::string(bytes.data(), count > 0 ? static_cast<std::size_t>(count) : 0));
  Owner owner;
  lines >> owner.host >> owner.pid >> owner.start >> owner.since;
  return owner;
}

void write_owner(int fd, const std::string& path) {
  const std::string text = fmt::format("{}\n{}\n{}\n{}\n", host_name(), ::getpid(),
                                       process_start(::getpid()), utc_now());
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    throw_io_error("write", path, errno);
  }
}

// Whether the open file is still the one at `path` (its owner may have removed it meanwhile).
bool still_there(int fd, const std::string& path) {
  struct stat opened {
  }, named{};
  return ::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

bool alive(const Owner& owner) {
  if (owner.pid <= 0 || owner.pid == ::getpid()) return false;
  if (::kill(static_cast<pid_t>(owner.pid), 0) != 0 && errno == ESRCH) return false;
  return process_start(owner.pid) == owner.start;
}

// Why the claim cannot be had although the flock was granted; "" when it can.
void refuse_if_held(const Owner& owner, const std::string& folder, const std::string& path) {
  if (owner.host.empty()) return;
  TR_REQUIRE(
      owner.host == host_name(),
      "{}: claimed by process {} on host {} since {}; if it is gone, remove {} and try again",
      folder, owner.pid, owner.host, owner.since, path);
  TR_REQUIRE(!alive(owner), "{}: process {} on this host has been writing here since {}", folder,
             owner.pid, owner.since);
}

}  // namespace

FolderLock FolderLock::claim(const std::string& folder) {
  const std::string path = folder + "/.tightrope.lock";
  for (;;) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) throw_io_error("claim the output folder with", path, errno);
    FolderLock lock(fd, "");  // closes the file on every way out
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      const int error = errno;
      if (error != EWOULDBLOCK) throw_io_error("lock", path, error);
      const Owner owner = read_owner(fd);
      throw InputError(fmt::format("{}: process {} on host {} has been writing here since {}",
                                   folder, owner.pid, owner.host, owner.since));
    }
    if (!still_there(fd, path)) continue;
    refuse_if_held(read_owner(fd), folder, path);
    write_owner(fd, path);
    lock.path_ = path;
    return lock;
  }
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::exchange(other.path_, {})) {}

FolderLock::~FolderLock() {
  if (fd_ < 0) return;
  // Removed while still locked: a waiting process then sees that its file is no longer the one.
  if (!path_.empty()) ::unlink(path_.c_str());
  ::close(fd_);
}

}  // namespace tightrope
