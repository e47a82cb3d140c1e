// SPDX-License-Identifier: Apache-2.0
// Commands of the reader on damaged files: in a child with limits, as a user would start them.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "core/commands/command.h"
#include "core/commands/program.h"
#include "core/log/files.h"
#include "tests/analysis/ledger_support.h"
#include "tests/core/log_hostile_support.h"
#include "tests/core/log_mutations.h"

namespace tightrope::hostile_test {

using Words = std::vector<std::string>;

// A command that ended by itself: exit code, what it printed, what it wrote.
struct Ended {
  log_test::Outcome outcome = log_test::kSame;  // kCrashed, kHung, or what to make of the rest
  int code = -1;
  std::string out, err;
};

inline void send_to(int descriptor, const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(file, descriptor);
  ::close(file);
}

inline Ended run(const std::string& scratch, const Words& words) {
  const std::string out = scratch + "/out", err = scratch + "/err";
  std::fflush(nullptr);
  const int status = log_test::in_child([&] {
    log_test::limit_child();
    send_to(STDOUT_FILENO, out);
    send_to(STDERR_FILENO, err);
    const int code =
        guarded([&] { return commands().at(words[0]).run(Words(words.begin() + 1, words.end())); });
    std::cout.flush();
    std::cerr.flush();
    std::fflush(nullptr);
    return code;
  });
  Ended ended{log_test::kSame, -1, read_whole_file(out, 1 << 24), read_whole_file(err, 1 << 24)};
  if (WIFEXITED(status)) {
    ended.code = WEXITSTATUS(status);
  } else {
    ended.outcome = WTERMSIG(status) == SIGALRM ? log_test::kHung : log_test::kCrashed;
  }
  return ended;
}

// All values of a file's groups; "" where there is none. Root attributes tell the log's size.
inline std::string groups_of(const std::string& path) {
  if (!file_exists(path)) return "";
  const LogReader file = LogReader::open(path);
  std::string all;
  for (const std::string& group : file.groups()) {
    for (const LogVariableInfo& info : file.variables(group)) {
      all += info.name;
      if (info.type == LogType::kString) {
        for (const std::string& text : file.read_strings(info.name).values) all += text + ";";
        continue;
      }
      const auto values = file.read<double>(info.name).values;
      all.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double));
    }
  }
  return all;
}

// A run folder of one finished pack with laws, losses and an event; analysed when asked.
class AnalysedFolder {
 public:
  AnalysedFolder() {
    std::filesystem::create_directories(folder_ / "packs");
    HandLog log = ledger_test::random_log();
    log.stages = {{"sft", 60, R"({"kind": "stream", "environment": "now"})"}};
    for (std::size_t s = 0; s < 3; ++s) log.events.push_back({30});
    for (int i = 0; i < 3 * 60; ++i) {
      log.scalars["loss"].push_back(i % 60 == 40 ? 9.5 : 1000.5 + i / 1000.0 - 1000);
    }
    log.write(pack());
    std::ofstream out(folder_ / "manifest.jsonl");
    out << R"j({"kind": "experiment", "name": "hostile", "hash": "00", "rows": ["a"], )j"
        << R"j("environments": ["source", "target"], "tables": [], "claims": []})j"
        << "\n";
    for (int l = 0; l < 3; ++l) {
      out << R"j({"kind": "segment", "id": "s)j" << l << R"j(", "parent": "", "pack": )j"
          << R"j("pack_0000", "lane": )j" << l << "}\n";
    }
    for (int l = 0; l < 3; ++l) {
      out << R"j({"kind": "run", "id": "s)j" << l << R"j(", "row": "a", "seed_set": "confirm", )j"
          << R"j("parameters": "", "values": {}, "pack": "pack_0000", "seed": )j" << l
          << R"j(, "lane": )j" << l << "}\n";
    }
  }
  std::string path() const { return folder_.path(); }
  std::string pack() const { return folder_ / "packs/pack_0000.h5"; }
  std::string sibling() const { return folder_ / "packs/pack_0000.analysis.h5"; }
  std::string scratch() const { return scratch_.path(); }

 private:
  ledger_test::TemporaryFolder folder_, scratch_;
};

}  // namespace tightrope::hostile_test
