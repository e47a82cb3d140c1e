// SPDX-License-Identifier: Apache-2.0
// What tables and results.csv say of runs that diverged or have texts with commas and quotes.
#include <gmock/gmock.h>

#include "core/base/strings.h"
#include "core/log/files.h"
#include "tests/core/log_hostile_support.h"

namespace tightrope {
namespace {

using ::testing::HasSubstr;

// The pack of a run folder, made anew: the second of its three segments diverged at the start.
void diverge_second(const std::string& pack) {
  std::filesystem::remove(pack);
  LogWriter log = LogWriter::create(pack, log_test::hostile_schema());
  log.write<std::int64_t>("meta/seed", {7, 8, 9});
  log.write<std::string>("meta/row", {"a", "a", "a"});
  log.write<std::string>("meta/config", {""});
  log.write<double>("meta/temperature", {0.25});
  log.start();
  const double nan = std::nan("");
  log.put(log.column("evaluation/accuracy"),
          std::vector<double>{0.1, 0.1, 0.5, 0.1, nan, nan, nan, nan, 0.1, 0.1, 0.7, 0.1});
  log.end_row(log.axis("evaluation/checkpoint"), 0);
  log.finish({{"status", "finished"},
              {"segment_status", std::vector<std::string>{"done", "diverged", "done"}}});
}

TEST(RunFolder, DivergedRunsAreCalledSo) {
  const log_test::RunFolder folder;
  diverge_second(folder.pack());
  const Manifest manifest = read_manifest(folder.path());
  const Results results = read_results(folder.path(), manifest);
  std::vector<std::string> status;
  for (const RunResult& run : results.runs()) status.push_back(run.status);
  EXPECT_THAT(status, ::testing::ElementsAre("done", "diverged", "done"));
  const Summary summary = summarise(manifest, results);
  EXPECT_THAT(summary.markdown(), HasSubstr("| a (1 seeds missing) | 0.600"));
  write_tables(folder.path(), summary, results);
  const std::string csv = read_whole_file(folder.path() + "/results.csv", 1 << 20);
  EXPECT_THAT(csv, HasSubstr("\na,confirm,0,,done,accuracy,target,all,0.5\n"));
  EXPECT_THAT(csv, HasSubstr("\na,confirm,1,,diverged,accuracy,target,all,nan\n"));
}

TEST(RunFolder, TextsAreQuotedWhereACsvNeedsIt) {
  EXPECT_EQ(csv_cell("plain text"), "plain text");
  EXPECT_EQ(csv_cell(""), "");
  EXPECT_EQ(csv_cell("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_cell("say \"x\"\n"), "\"say \"\"x\"\"\n\"");
  const log_test::RunFolder folder;
  std::string text = read_whole_file(folder.path() + "/manifest.jsonl", 1 << 20);
  const std::string none = R"("parameters": "")";
  text.replace(text.find(none), none.size(), R"("parameters": "type=\"a\", n=1")");
  write_file_synced(folder.path() + "/manifest.jsonl", text);
  const Manifest manifest = read_manifest(folder.path());
  const Results results = read_results(folder.path(), manifest);
  write_tables(folder.path(), summarise(manifest, results), results);
  EXPECT_THAT(read_whole_file(folder.path() + "/results.csv", 1 << 20),
              HasSubstr("\na,confirm,0,\"type=\"\"a\"\", n=1\",done,accuracy,source,all,"));
}

TEST(Files, ReplaceLeavesNothingBehindWhenItFails) {
  const log_test::TemporaryFolder folder;
  replace_file(folder / "file", "one");
  replace_file(folder / "file", "two");
  EXPECT_EQ(read_whole_file(folder / "file", 10), "two");
  std::filesystem::create_directories(folder / "taken/by");
  EXPECT_THROW(replace_file(folder / "taken", "x"), IoError);
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "")) {
    left.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(left, ::testing::UnorderedElementsAre("file", "taken"));
}

}  // namespace
}  // namespace tightrope
