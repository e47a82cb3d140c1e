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

// Refuses what is held although the flock was granted.
void refuse_if_held(const Owner& owner, const std::string& what, const std::string& path,
                    bool take_over) {
  if (owner.host.empty()) return;
  const bool here = owner.host == host_name();
  TR_REQUIRE(
      here || take_over,
      "{}: claimed by process {} on host {} since {}; if it is gone, remove {} and try again", what,
      owner.pid, owner.host, owner.since, path);
  TR_REQUIRE(!here || !alive(owner), "{}: process {} on this host has been writing here since {}",
             what, owner.pid, owner.since);
}

// Opens the file and takes its flock.
int open_locked(const std::string& path, const std::string& what, int operation) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) throw_io_error("claim the output folder with", path, errno);
  if (::flock(fd, operation | LOCK_NB) == 0) return fd;
  const int error = errno;
  const Owner owner = read_owner(fd);
  ::close(fd);
  if (error != EWOULDBLOCK) throw_io_error("lock", path, error);
  TR_REQUIRE(
      !owner.host.empty(), "{}: {}", what,
      what == path ? "another process has just begun to write here" : "workers are writing here");
  throw InputError(fmt::format("{}: process {} on host {} has been writing here since {}", what,
                               owner.pid, owner.host, owner.since));
}

}  // namespace

FolderLock FolderLock::acquire(const std::string& path, const std::string& what, bool take_over) {
  for (;;) {
    const int fd = open_locked(path, what, LOCK_EX);
    FolderLock lock(fd, "");  // closes the file on every way out
    if (!still_there(fd, path)) continue;
    refuse_if_held(read_owner(fd), what, path, take_over);
    write_owner(fd, path);
    lock.path_ = path;
    return lock;
  }
}

FolderLock FolderLock::claim(const std::string& folder) {
  return acquire(folder + "/.tightrope.lock", folder, false);
}

FolderLock FolderLock::claim_part(const std::string& file, bool take_over) {
  return acquire(file, file, take_over);
}

// The file has no owner and stays: removing it would part those who share from those who come.
FolderLock FolderLock::share(const std::string& folder) {
  const std::string path = folder + "/.tightrope.lock";
  for (;;) {
    FolderLock lock(open_locked(path, folder, LOCK_SH), "");
    if (!still_there(lock.fd_, path)) continue;
    refuse_if_held(read_owner(lock.fd_), folder, path, false);
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
