// SPDX-License-Identifier: Apache-2.0
// Finished logs with damaged bytes: every mutation is refused with the path, or read as it was.
#include <array>

#include "core/log/files.h"
#include "tests/core/log_hostile_support.h"
#include "tests/core/log_mutations.h"

namespace tightrope {
namespace {

using log_test::content_of;
using log_test::Mutation;
using log_test::Outcome;
using log_test::RunFolder;
using log_test::tables_of;

TEST(LogHostile, DamagedBytesAreRefusedOrHarmless) {
  const RunFolder run;
  const std::string expected = content_of(run.pack()), tables = tables_of(run.path());
  const std::string whole = read_whole_file(run.pack(), 1 << 24);
  const std::vector<Mutation> mutations =
      log_test::mutations_of(whole, {0.25, 1000.5, 1003.5, 1050.5, 1100.5},
                             {"target", "entangled", "yyyyyyyy", "hostile", "finished", "CF-1.10"});
  std::array<int, 7> log_outcomes{}, table_outcomes{};
  for (const Mutation& mutation : mutations) {
    std::ofstream(run.pack(), std::ios::binary) << mutation.bytes;
    const Outcome log =
        log_test::outcome_of([&] { return content_of(run.pack()); }, expected, run.pack());
    EXPECT_TRUE(log == log_test::kRefused || log == log_test::kSame)
        << mutation.name << ": the log " << log_test::outcome_text(log);
    const Outcome table =
        log_test::outcome_of([&] { return tables_of(run.path()); }, tables, run.pack());
    EXPECT_TRUE(table == log_test::kRefused || table == log_test::kSame)
        << mutation.name << ": the table " << log_test::outcome_text(table);
    ++log_outcomes.at(log);
    ++table_outcomes.at(table);
  }
  std::printf("%zu mutations: log %d refused, %d harmless; table %d refused, %d harmless\n",
              mutations.size(), log_outcomes[0], log_outcomes[1], table_outcomes[0],
              table_outcomes[1]);
  EXPECT_GE(mutations.size(), 200u);
  EXPECT_GE(log_outcomes[0], 200);
  EXPECT_GE(log_outcomes[1], 1);  // else nothing was compared
}

// Of a run that was killed: what is read is a beginning of what was written.
std::array<int, 7> beginnings(const std::string& whole_path, const std::string& path,
                              const std::vector<Mutation>& mutations) {
  const auto* result = ::testing::UnitTest::GetInstance()->current_test_info()->result();
  const auto is_beginning = [&]() -> std::string {
    const int before = result->total_part_count();
    log_test::expect_same_data(path, whole_path, true);
    return result->total_part_count() > before ? "other" : "beginning";
  };
  std::array<int, 7> outcomes{};
  for (const Mutation& mutation : mutations) {
    std::ofstream(path, std::ios::binary) << mutation.bytes;
    const Outcome outcome = log_test::outcome_of(is_beginning, "beginning", path);
    EXPECT_TRUE(outcome == log_test::kRefused || outcome == log_test::kSame)
        << mutation.name << ": " << log_test::outcome_text(outcome);
    ++outcomes.at(outcome);
  }
  std::printf("%zu mutations of a partial file: %d refused, %d a beginning\n", mutations.size(),
              outcomes[0], outcomes[1]);
  return outcomes;
}

TEST(LogHostile, DamagedPartialFilesAreRefusedOrABeginning) {
  const RunFolder run;
  const std::string whole = read_whole_file(run.partial(), 1 << 24);
  std::vector<Mutation> mutations;
  log_test::add_truncations(whole, mutations);
  log_test::add_random_flips(whole, mutations);
  mutations.push_back({"nothing", whole});
  const auto outcomes = beginnings(run.pack(), run.path() + "/damaged.h5.partial", mutations);
  EXPECT_GE(outcomes[0], 50);
  EXPECT_GE(outcomes[1], 2);
}

// A longer one, whose last bytes are rows: HDF5 itself would read missing ones as zeros, whose
// fletcher32 is zero too.
TEST(LogHostile, RowsBehindTheEndOfAPartialFileAreNotRead) {
  const log_test::TemporaryFolder folder;
  const std::string pack = folder / "pack_0000.h5";
  log_test::Hooks hooks;
  hooks.after_step = [&, step = 0](const LogWriter&) mutable {
    if (++step == 240) std::filesystem::copy_file(pack + ".partial", folder / "copy");
  };
  log_test::run_invented(folder.path(), hooks);
  const std::string whole = read_whole_file(folder / "copy", 1 << 24);
  std::vector<Mutation> mutations;
  for (std::size_t i = 50; i < 100; ++i) {
    const std::size_t length = whole.size() * i / 100;
    mutations.push_back({"cut to " + std::to_string(length), whole.substr(0, length)});
  }
  const auto outcomes = beginnings(pack, folder / "damaged.h5.partial", mutations);
  EXPECT_GE(outcomes[1], 10);
}

}  // namespace
}  // namespace tightrope
