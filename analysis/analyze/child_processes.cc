// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/child_processes.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "core/base/check.h"
#include "core/log/files.h"

namespace tightrope {
namespace {

using Counter = std::atomic<std::size_t>;
static_assert(Counter::is_always_lock_free);  // or processes could not share it

constexpr int kBegin = -1, kEnd = -2;  // of a job; the caller's kinds are >= 0

struct Header {
  std::uint64_t job = 0;
  std::int32_t kind = 0;
  std::uint32_t bytes = 0;  // of the text behind it
};

// The next job that nobody has taken, in memory that all children share.
class SharedCounter {
 public:
  SharedCounter() {
    void* const memory =
        mmap(nullptr, sizeof(Counter), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw_io_error("share memory with", "child processes", errno);
    counter_ = new (memory) Counter(0);
  }
  ~SharedCounter() { munmap(counter_, sizeof(Counter)); }
  SharedCounter(const SharedCounter&) = delete;
  SharedCounter& operator=(const SharedCounter&) = delete;
  Counter& operator*() { return *counter_; }

 private:
  Counter* counter_;
};

struct Child {
  pid_t pid = -1;
  int pipe = -1;                   // to read from
  std::string unread;              // the beginning of a message
  std::optional<std::size_t> job;  // at work on
};

// A parent that is gone ends the child: SIGPIPE.
void write_all(int pipe, const std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t count = write(pipe, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno != EINTR) _exit(1);
    if (count > 0) done += static_cast<std::size_t>(count);
  }
}

void send(int pipe, std::size_t job, int kind, const std::string& text) {
  const Header header{job, kind, static_cast<std::uint32_t>(text.size())};
  std::string message(sizeof header, '\0');
  std::memcpy(message.data(), &header, sizeof header);
  write_all(pipe, message + text);
}

[[noreturn]] void be_child(int pipe, std::size_t jobs, Counter& next, const ChildWork& work) {
  try {
    for (std::size_t job = next++; job < jobs; job = next++) {
      send(pipe, job, kBegin, "");
      work.run(job, [&](int kind, const std::string& text) { send(pipe, job, kind, text); });
      send(pipe, job, kEnd, "");
    }
  } catch (...) {  // the parent knows the job
    _exit(1);
  }
  _exit(0);  // without what the parent has at its exit: its buffers, its files
}

std::string how_it_ended(int status) {
  if (!WIFSIGNALED(status)) return fmt::format("exit code {}", WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  return fmt::format("killed by signal {} ({})", signal, strsignal(signal));
}

class Children {
 public:
  Children(std::size_t jobs, int count, const ChildWork& work)
      : jobs_(jobs), work_(work), children_(static_cast<std::size_t>(count)) {}

  void run() {
    try {
      for (Child& child : children_) start(child);
      while (wait_and_read()) {
      }
      report_lost();
    } catch (...) {
      *next_ = jobs_;
      for (Child& child : children_) reap(child);
      throw;
    }
  }

 private:
  // A child can die between taking a job and saying so.
  void report_lost() {
    for (std::size_t job = 0; job < jobs_ && !stopped_; ++job) {
      if (!begun_[job]) work_.died(job, "before it began");
    }
  }

  void start(Child& child) {
    int ends[2];
    if (pipe(ends) != 0) throw_io_error("make a pipe to", "a child process", errno);
    const pid_t pid = fork();
    if (pid == 0) {
      close(ends[0]);
      for (const Child& other : children_) {  // or it would keep their pipes open
        if (other.pid >= 0) close(other.pipe);
      }
      be_child(ends[1], jobs_, *next_, work_);
    }
    const int error = errno;
    close(ends[1]);
    if (pid < 0) {
      close(ends[0]);
      throw_io_error("start", "a child process", error);
    }
    child = Child{pid, ends[0], "", {}};
  }

  int reap(Child& child) {
    if (child.pid < 0) return 0;
    close(child.pipe);
    int status = 0;
    while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
    }
    child.pid = -1;
    return status;
  }

  // False when no child is left.
  bool wait_and_read() {
    std::vector<pollfd> pipes;
    for (const Child& child : children_) {
      if (child.pid >= 0) pipes.push_back({child.pipe, POLLIN, 0});
    }
    if (pipes.empty()) return false;
    if (poll(pipes.data(), pipes.size(), -1) < 0 && errno != EINTR) {
      throw_io_error("wait for", "child processes", errno);
    }
    for (const pollfd& ready : pipes) {
      if (ready.revents == 0) continue;
      read_from(*std::find_if(children_.begin(), children_.end(), [&](const Child& child) {
        return child.pid >= 0 && child.pipe == ready.fd;
      }));
    }
    return true;
  }

  void read_from(Child& child) {
    char bytes[1 << 14];
    const ssize_t count = read(child.pipe, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) return;
    if (count > 0) {
      child.unread.append(bytes, static_cast<std::size_t>(count));
      while (take_message(child)) {
      }
      return;
    }
    const std::optional<std::size_t> job = child.job;
    const std::string how = how_it_ended(reap(child));
    if (job) work_.died(*job, how);
    if (*next_ < jobs_) start(child);
  }

  bool take_message(Child& child) {
    Header header;
    if (child.unread.size() < sizeof header) return false;
    std::memcpy(&header, child.unread.data(), sizeof header);
    if (child.unread.size() < sizeof header + header.bytes) return false;
    const std::string text = child.unread.substr(sizeof header, header.bytes);
    child.unread.erase(0, sizeof header + header.bytes);
    if (header.kind == kBegin) {
      child.job = header.job;
      begun_[header.job] = true;
    } else if (header.kind == kEnd) {
      child.job.reset();
    } else if (!work_.received(header.job, header.kind, text)) {
      *next_ = jobs_;
      stopped_ = true;
    }
    return true;
  }

  std::size_t jobs_;
  const ChildWork& work_;
  SharedCounter next_;
  std::vector<Child> children_;
  std::vector<bool> begun_ = std::vector<bool>(jobs_);
  bool stopped_ = false;
};

}  // namespace

void run_in_children(std::size_t jobs, int children, const ChildWork& work) {
  TR_CHECK(children >= 1, "{} child processes", children);
  Children(jobs, children, work).run();
}

}  // namespace tightrope
