// SPDX-License-Identifier: Apache-2.0
// kill -9 at random moments of a run, again and again, until it is done: the finished log must
// equal an uninterrupted one bit for bit, and the partial file must open after every kill.
#include <fmt/format.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>

#include "core/base/hash.h"
#include "core/log/files.h"
#include "tests/core/log_support.h"

namespace tightrope {
namespace {

using log_test::expect_same_data;
using log_test::run_invented;
using log_test::TemporaryFolder;

constexpr std::array<const char*, 3> kAxes{"scalars/step", "evaluation/checkpoint",
                                           "drift/drift_step"};

// Written by the child, read by the parent after the kill.
struct Progress {
  std::atomic<int> steps;
  std::atomic<bool> finishing;
  std::array<std::atomic<std::uint64_t>, kAxes.size()> flushed;
};

class SharedProgress {
 public:
  SharedProgress()
      : memory_(::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    reset();
  }
  SharedProgress(const SharedProgress&) = delete;
  SharedProgress& operator=(const SharedProgress&) = delete;
  ~SharedProgress() { ::munmap(memory_, sizeof(Progress)); }
  Progress* operator->() const { return static_cast<Progress*>(memory_); }
  void reset() { new (memory_) Progress{}; }

 private:
  void* memory_;
};

void child_run(const std::string& folder, const SharedProgress& progress) {
  log_test::Hooks hooks;
  hooks.after_step = [&](const LogWriter& log) {
    for (std::size_t i = 0; i < kAxes.size(); ++i) {
      progress->flushed[i] = log.flushed_rows(log.axis(kAxes[i]));
    }
    ++progress->steps;
    ::usleep(700);
  };
  hooks.before_finish = [&] { progress->finishing = true; };
  run_invented(folder, hooks);
}

// The moment of the n-th kill: uniform over a run, in the first moments (start or resume), or
// around the finish. Seeded: the same list in every run.
enum class Moment { kAnywhere, kStart, kFinish };

struct Kill {
  Moment moment;
  useconds_t delay;  // microseconds after the start (or after finish began)
};

Kill nth_kill(int n) {
  const std::uint64_t draw = hash64(fmt::format("kill {}", n)) >> 16;
  if (n % 4 == 1) return {Moment::kStart, static_cast<useconds_t>(draw % 25000)};
  if (n % 4 == 3) return {Moment::kFinish, static_cast<useconds_t>(draw % 12000)};
  return {Moment::kAnywhere, static_cast<useconds_t>(draw % 250000)};
}

// Runs a child and kills it; true when it was killed, false when it had finished.
bool run_and_kill(const std::string& folder, const SharedProgress& progress, const Kill& kill) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      child_run(folder, progress);
    } catch (const std::exception& error) {
      fmt::print(stderr, "child: {}\n", error.what());
      ::_exit(3);
    }
    ::_exit(0);
  }
  int status = 0;
  if (kill.moment == Moment::kFinish) {
    while (!progress->finishing && ::waitpid(child, &status, WNOHANG) == 0) ::usleep(200);
  }
  ::usleep(kill.delay);
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return true;
  EXPECT_EQ(WEXITSTATUS(status), 0) << "the child failed";
  return false;
}

// The partial file opens, has every block that was flushed, and its rows are right.
void check_partial(const std::string& path, const std::string& whole,
                   const SharedProgress& progress) {
  const LogReader log = LogReader::open(path);
  for (std::size_t i = 0; i < kAxes.size(); ++i) {
    EXPECT_GE(log.rows(kAxes[i]), progress->flushed[i]) << kAxes[i];
  }
  expect_same_data(path, whole, true);
}

TEST(LogKill, RunsResumeToTheSameBits) {
  const TemporaryFolder reference;
  run_invented(reference.path());
  const std::string whole = reference / "pack_0000.h5";
  const SharedProgress progress;
  int kills = 0, opened = 0, before_checkpoint = 0, runs = 0, in_finish = 0, n = 0;
  const auto begin = std::chrono::steady_clock::now();
  // Until every kind of moment was met: how often a kill meets one depends on the machine.
  while (kills < 40 || opened < 20 || before_checkpoint < 1) {
    const TemporaryFolder folder;
    const std::string path = folder / "pack_0000.h5";
    ++runs;
    while (log_state(path) != LogState::kFinished) {
      progress.operator->()->finishing = false;
      for (auto& flushed : progress->flushed) flushed = 0;
      if (!run_and_kill(folder.path(), progress, nth_kill(n++))) break;
      ++kills;
      in_finish += progress->finishing ? 1 : 0;
      if (log_state(path) == LogState::kPartial) {
        check_partial(path + ".partial", whole, progress);
        ++opened;
      }
      before_checkpoint += file_exists(folder / "pack_0000.ckpt") ? 0 : 1;
      ASSERT_LT(n, 400) << "no progress";
      if (::testing::Test::HasFailure()) return;
    }
    ASSERT_EQ(log_state(path), LogState::kFinished);
    expect_same_data(path, whole, false);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  fmt::print(
      "{} kills over {} runs in {:.1f} s: {} partial files opened, {} kills before the first "
      "checkpoint, {} while finishing\n",
      kills, runs, seconds.count(), opened, before_checkpoint, in_finish);
  EXPECT_GE(opened, 20);
  EXPECT_GE(before_checkpoint, 1);
}

}  // namespace
}  // namespace tightrope
