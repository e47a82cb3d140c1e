// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/child_processes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <map>
#include <set>
#include <stdexcept>

#include "analysis/analyze/analyzer.h"
#include "core/base/error.h"
#include "core/log/lock.h"
#include "tests/analysis/ledger_support.h"

namespace tightrope {
namespace {

using namespace ledger_test;
using log_test::message_of;
using Messages = std::vector<std::pair<int, std::string>>;

struct Ran {
  std::map<std::size_t, Messages> messages;
  std::map<std::size_t, std::string> died;
};

Ran run(std::size_t jobs, int children,
        const std::function<void(std::size_t, const SendMessage&)>& job) {
  Ran ran;
  run_in_children(jobs, children,
                  {job,
                   [&](std::size_t at, int kind, const std::string& text) {
                     ran.messages[at].emplace_back(kind, text);
                     return true;
                   },
                   [&](std::size_t at, const std::string& how) { ran.died[at] = how; }});
  return ran;
}

TEST(ChildProcesses, RunEveryJobOnceAndBringItsMessagesInOrder) {
  const Ran ran = run(20, 3, [](std::size_t job, const SendMessage& send) {
    send(1, std::to_string(getpid()));
    send(2, "");
    send(3, std::string(job * 10000, 'x') + "end");  // more than a pipe holds at once
  });
  ASSERT_EQ(ran.messages.size(), 20U);
  EXPECT_TRUE(ran.died.empty());
  std::set<std::string> processes;
  for (const auto& [job, messages] : ran.messages) {
    ASSERT_EQ(messages.size(), 3U) << job;
    processes.insert(messages[0].second);
    EXPECT_EQ(messages[1], std::pair(2, std::string()));
    EXPECT_EQ(messages[2], std::pair(3, std::string(job * 10000, 'x') + "end"));
  }
  EXPECT_LE(processes.size(), 3U);
  EXPECT_EQ(processes.count(std::to_string(getpid())), 0U);
}

TEST(ChildProcesses, OneThatDiesTakesOnlyItsJobAlong) {
  const Ran ran = run(9, 2, [](std::size_t job, const SendMessage& send) {
    send(7, "before");
    if (job == 2 || job == 3) std::raise(SIGKILL);  // both of the first children
    if (job == 5) throw std::runtime_error("out of the job");
    send(7, "after");
  });
  EXPECT_EQ(ran.died, (std::map<std::size_t, std::string>{{2, "killed by signal 9 (Killed)"},
                                                          {3, "killed by signal 9 (Killed)"},
                                                          {5, "exit code 1"}}));
  for (std::size_t job = 0; job < 9; ++job) {
    EXPECT_EQ(ran.messages.at(job).size(), ran.died.count(job) > 0 ? 1U : 2U) << job;
  }
}

TEST(ChildProcesses, StartNoMoreJobsWhenTold) {
  std::set<std::size_t> seen;
  std::size_t died = 0;
  run_in_children(100000, 2,
                  {[](std::size_t, const SendMessage& send) { send(0, ""); },
                   [&](std::size_t job, int, const std::string&) {
                     seen.insert(job);
                     return false;
                   },
                   [&](std::size_t, const std::string&) { ++died; }});
  EXPECT_GE(seen.size(), 1U);
  EXPECT_LT(seen.size(), 50000U);
  EXPECT_EQ(died, 0U);
}

class ManyPacks : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_ / "packs"); }
  std::string pack(int number) const {
    return folder_ / ("packs/pack_000" + std::to_string(number) + ".h5");
  }
  AnalyzeReport analyze(int threads) const {
    AnalyzeOptions options = laws_only();
    options.threads = threads;
    options.force = true;
    return analyze_folder(folder_ / "", options);
  }
  TemporaryFolder folder_;
};

// Every number of an analysis file, as text.
std::string numbers_of(const std::string& path) {
  const LogReader file = LogReader::open(path);
  std::string text;
  for (const std::string& group : file.groups()) {
    for (const LogVariableInfo& info : file.variables(group)) {
      if (info.type == LogType::kString) continue;
      for (const double value : file.read<double>(info.name).values) {
        text += fmt::format("{} {:a}\n", info.name, value);
      }
    }
  }
  return text;
}

TEST_F(ManyPacks, GiveTheSameFilesFromSeveralProcesses) {
  for (int i = 0; i < 5; ++i) random_log(i + 1).write(pack(i));
  const AnalyzeReport one = analyze(1);
  std::vector<std::string> expected;
  for (const std::string& path : one.written) expected.push_back(numbers_of(path));
  const AnalyzeReport many = analyze(3);
  EXPECT_EQ(many.written, one.written);
  ASSERT_EQ(many.written.size(), 5U);
  EXPECT_NE(expected[0], expected[1]);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_FALSE(expected[i].empty());
    EXPECT_EQ(numbers_of(many.written[i]), expected[i]) << i;
  }
}

TEST_F(ManyPacks, ReportFromSeveralProcessesWhatFailed) {
  for (int i = 0; i < 4; ++i) random_log().write(pack(i));
  std::ofstream(pack(2)) << "not a log";
  const AnalyzeReport report = analyze(2);
  EXPECT_EQ(report.written.size(), 3U);
  ASSERT_EQ(report.failed.size(), 1U);
  EXPECT_NE(report.failed[0].find("pack_0002.h5: not an HDF5 file"), std::string::npos)
      << report.failed[0];
}

TEST_F(ManyPacks, EndWithWhatTheUserCanMend) {
  for (int i = 0; i < 3; ++i) random_log().write(pack(i));
  HandLog log = random_log();
  log.whole_laws = false;
  log.write(pack(3));
  EXPECT_NE(message_of<InputError>([&] { analyze(2); }).find("record.tokens_full"),
            std::string::npos);
}

TEST_F(ManyPacks, GoOnBehindALogThatDoesNotFitItself) {
  HandLog log = random_log();
  log.stage = "rft";  // which its configuration does not know
  log.write(pack(0));
  random_log().write(pack(1));
  const AnalyzeReport report = analyze(1);
  EXPECT_EQ(report.written.size(), 1U);
  ASSERT_EQ(report.failed.size(), 1U);
  EXPECT_NE(report.failed[0].find("pack_0000.h5: its configuration has no stage 'rft'"),
            std::string::npos)
      << report.failed[0];
}

// As on a full disk: an error, no crash, and nothing half-written.
TEST_F(ManyPacks, ThatTheDiskDoesNotHoldAreErrors) {
  random_log().write(pack(0));
  for (const rlim_t most : {2000, 60000, 90000}) {
    const int status = log_test::in_child([&] {
      std::signal(SIGXFSZ, SIG_IGN);
      const rlimit limits{most, most};
      ::setrlimit(RLIMIT_FSIZE, &limits);
      const AnalyzeReport report = analyze(1);
      const bool said = report.failed.size() == 1 && report.written.empty() &&
                        report.failed[0].find("too large") != std::string::npos;
      if (!said) fmt::print(stderr, "{}\n", fmt::join(report.failed, "\n"));
      return said ? 0 : 1;
    });
    EXPECT_EQ(status, 0) << most;
    EXPECT_EQ(std::ranges::distance(std::filesystem::directory_iterator(folder_ / "packs")), 1)
        << most;
  }
}

TEST_F(ManyPacks, AreForOneAnalysisAtATime) {
  random_log().write(pack(0));
  const FolderLock other = FolderLock::claim_part(folder_ / "packs/.analysis.lock", false);
  EXPECT_NE(message_of<InputError>([&] { analyze(1); }).find("has been writing here since"),
            std::string::npos);
}

TEST_F(ManyPacks, LoseWhatAKilledAnalysisLeftBehind) {
  for (int i = 0; i < 2; ++i) random_log().write(pack(i));
  analyze(2);
  const std::string leftover = folder_ / "packs/pack_0001.analysis.h5.partial.new";
  std::ofstream(leftover) << "half a file";
  EXPECT_EQ(analyze_folder(folder_ / "", laws_only()).skipped.size(), 2U);
  EXPECT_FALSE(std::filesystem::exists(leftover));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "packs/.analysis.lock"));
}

}  // namespace
}  // namespace tightrope
