// SPDX-License-Identifier: Apache-2.0
// The engine as users start it: a process with arguments, limits and signals; and the comparison of
// two run folders.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/core/log_support.h"

namespace tightrope::engine_test {

namespace fs = std::filesystem;
using log_test::TemporaryFolder;

inline const std::string kTiny = std::string(TIGHTROPE_SOURCE_DIR) + "/tests/experiments/tiny.yaml";

inline std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline void write_file(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// A child process that runs the engine; its output goes to files.
class Engine {
 public:
  // `before` runs in the child, for example to set limits.
  Engine(
      const std::vector<std::string>& args, const TemporaryFolder& texts,
      const std::function<void()>& before = [] {})
      : out_(texts / "stdout"), err_(texts / "stderr") {
    pid_ = ::fork();
    if (pid_ != 0) return;
    redirect(out_, STDOUT_FILENO);
    redirect(err_, STDERR_FILENO);
    before();
    std::vector<std::string> all = {std::string(TIGHTROPE_BINARY_DIR) + "/tightrope-engine"};
    all.insert(all.end(), args.begin(), args.end());
    std::vector<char*> values;
    for (std::string& each : all) values.push_back(each.data());
    values.push_back(nullptr);
    ::execv(values[0], values.data());
    ::_exit(127);
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine() {
    if (running()) signal(SIGKILL);
    wait();
  }

  void signal(int number) const { ::kill(pid_, number); }
  bool running() {
    if (!ended_) ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
    return !ended_;
  }
  // The exit code, or minus the signal that ended it.
  int wait() {
    if (!ended_) ::waitpid(pid_, &status_, 0);
    ended_ = true;
    return WIFSIGNALED(status_) ? -WTERMSIG(status_) : WEXITSTATUS(status_);
  }
  // Waits until `path` exists; false when the process ended before.
  bool wait_for(const fs::path& path) {
    while (running()) {
      if (fs::exists(path)) return true;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return fs::exists(path);
  }
  std::string out() const { return read_text(out_); }
  std::string err() const { return read_text(err_); }

 private:
  static void redirect(const std::string& path, int descriptor) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::dup2(file, descriptor);
    ::close(file);
  }

  std::string out_, err_;
  pid_t pid_ = 0;
  int status_ = 0;
  bool ended_ = false;
};

// What one call of the engine said.
struct Said {
  int code;
  std::string out, err;
};

inline Said engine(
    const std::vector<std::string>& args, const std::function<void()>& before = [] {}) {
  const TemporaryFolder texts;
  Engine process(args, texts, before);
  const int code = process.wait();
  return {code, process.out(), process.err()};
}

// Arguments of a run of the tiny experiment.
inline std::vector<std::string> tiny_run(const std::string& out,
                                         const std::vector<std::string>& more = {}) {
  std::vector<std::string> args = {"run", kTiny, "--out", out, "--threads", "1", "--quiet"};
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

// Every variable but wall_* of `part` equals `whole` bit for bit; with `prefix`, `part` may have
// fewer rows.
inline void expect_same_log(const std::string& part, const std::string& whole, bool prefix) {
  const LogReader a = LogReader::open(part), b = LogReader::open(whole);
  ASSERT_EQ(a.groups(), b.groups());
  for (const std::string& group : a.groups()) {
    ASSERT_EQ(a.variables(group).size(), b.variables(group).size()) << group;
    for (const LogVariableInfo& info : a.variables(group)) {
      if (info.name.find("/wall_") != std::string::npos) continue;
      if (!prefix) {
        ASSERT_EQ(info.shape, b.info(info.name).shape) << info.name;
      }
      switch (info.type) {
        case LogType::kString:
          EXPECT_EQ(a.read_strings(info.name).values, b.read_strings(info.name).values);
          break;
        case LogType::kF32:
          log_test::expect_same_values<float>(a, b, info);
          break;
        case LogType::kF64:
          log_test::expect_same_values<double>(a, b, info);
          break;
        case LogType::kI32:
          log_test::expect_same_values<std::int32_t>(a, b, info);
          break;
        case LogType::kI64:
          log_test::expect_same_values<std::int64_t>(a, b, info);
          break;
        case LogType::kU8:
          log_test::expect_same_values<std::uint8_t>(a, b, info);
          break;
      }
    }
  }
}

// Files of `folder` with this ending, by name.
inline std::vector<std::string> files_ending(const fs::path& folder, const std::string& ending) {
  std::vector<std::string> names;
  if (!fs::exists(folder)) return names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name.ends_with(ending)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Logs, policies, results and tables of two finished run folders are equal.
inline void expect_same_run(const std::string& folder, const std::string& reference) {
  const auto logs = files_ending(folder + "/packs", ".h5");
  ASSERT_EQ(logs, files_ending(reference + "/packs", ".h5"));
  ASSERT_FALSE(logs.empty());
  for (const std::string& log : logs) {
    expect_same_log(folder + "/packs/" + log, reference + "/packs/" + log, false);
    EXPECT_EQ(read_text(folder + "/packs/" + log + ".policies"),
              read_text(reference + "/packs/" + log + ".policies"))
        << log;
  }
  for (const char* file : {"/results.csv", "/manifest.jsonl", "/tables/tiny.md"}) {
    EXPECT_EQ(read_text(folder + file), read_text(reference + file)) << file;
  }
}

}  // namespace tightrope::engine_test
