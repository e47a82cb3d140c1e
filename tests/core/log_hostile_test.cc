// SPDX-License-Identifier: Apache-2.0
// Finished logs with damaged bytes: every mutation is refused with the path, or read as it was.
#include <algorithm>
#include <array>

#include "core/log/files.h"
#include "core/random/stream.h"
#include "tests/core/log_hostile_support.h"

namespace tightrope {
namespace {

using log_test::content_of;
using log_test::Outcome;
using log_test::RunFolder;
using log_test::tables_of;

struct Mutation {
  std::string name;
  std::string bytes;
};

std::string flipped(std::string bytes, std::size_t place, int bit) {
  bytes[place] = static_cast<char>(bytes[place] ^ (1 << bit));
  return bytes;
}

std::string filled(std::string bytes, std::size_t place, std::size_t count, char with) {
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(place),
              std::min(count, bytes.size() - place), with);
  return bytes;
}

void add_flip(const std::string& what, const std::string& whole, std::size_t place, int bit,
              std::vector<Mutation>& out) {
  if (place >= whole.size()) return;
  out.push_back({"bit " + std::to_string(bit) + " of byte " + std::to_string(place) + " in " + what,
                 flipped(whole, place, bit)});
}

void add_truncations(const std::string& whole, std::vector<Mutation>& out) {
  std::vector<std::size_t> lengths = {0, 1, 7, 8, 9, 12, 47, 48, 49, 96};
  for (std::size_t i = 1; i < 40; ++i) lengths.push_back(whole.size() * i / 40);
  for (std::size_t cut : {1, 2, 8, 64, 512}) lengths.push_back(whole.size() - cut);
  for (std::size_t length : lengths) {
    out.push_back({"cut to " + std::to_string(length) + " bytes", whole.substr(0, length)});
  }
}

// HDF5's own structures by their signatures: headers, their continuations, heaps, B-trees, chunk
// indices (fixed and extensible arrays), free space.
void add_structures(const std::string& whole, std::vector<Mutation>& out) {
  for (const char* signature :
       {"OHDR", "OCHK", "FRHP", "FHDB", "FHIB", "BTHD", "BTLF", "BTIN", "FAHD", "FADB", "EAHD",
        "EAIB", "EADB", "EASB", "GCOL", "FSHD", "FSSE"}) {
    int found = 0;
    for (std::size_t at = whole.find(signature); at != std::string::npos && found < 8;
         at = whole.find(signature, at + 1), ++found) {
      for (std::size_t offset : {1, 4, 6, 9, 14, 21, 27, 40}) {
        add_flip(signature, whole, at + offset, static_cast<int>((at + offset) % 8), out);
      }
    }
  }
}

// The bytes of values and texts.
void add_values(const std::string& whole, std::vector<Mutation>& out) {
  for (double value : {0.25, 1000.5, 1003.5, 1050.5, 1100.5}) {
    const std::string bytes(reinterpret_cast<const char*>(&value), sizeof value);
    const std::size_t at = whole.find(bytes);
    ASSERT_NE(at, std::string::npos) << value;
    for (std::size_t i = 0; i < 8; ++i) {
      add_flip("value " + std::to_string(value), whole, at + i, static_cast<int>(i), out);
    }
  }
  for (const char* text : {"target", "entangled", "yyyyyyyy", "hostile", "finished", "CF-1.10"}) {
    const std::size_t at = whole.find(text);
    ASSERT_NE(at, std::string::npos) << text;
    for (int bit : {0, 3, 6}) add_flip(std::string("text ") + text, whole, at + 2, bit, out);
  }
}

void add_blocks(const std::string& whole, std::vector<Mutation>& out) {
  for (std::size_t i = 0; i < 20; ++i) {
    const std::size_t at = whole.size() * i / 20 / 256 * 256;
    const std::string where = " from " + std::to_string(at);
    out.push_back({"256 zeros" + where, filled(whole, at, 256, 0)});
    out.push_back({"32 bytes of ones" + where, filled(whole, at, 32, '\xff')});
    std::string removed = whole;
    removed.erase(at, 8);
    out.push_back({"8 bytes removed" + where, removed});
    std::string doubled = whole;
    doubled.insert(at, whole, at, 64);
    out.push_back({"64 bytes twice" + where, doubled});
  }
  out.push_back({"rubbish behind the end", whole + std::string(5000, '#')});
  out.push_back({"rubbish before the start", std::string(512, '#') + whole});
}

void add_random_flips(const std::string& whole, std::vector<Mutation>& out) {
  Draws draws = Stream(1, Purpose::kStatistics, 2).at(0);
  for (int i = 0; i < 150; ++i) {
    const std::size_t at = draws.below(static_cast<std::uint32_t>(whole.size()));
    add_flip("anything", whole, at, static_cast<int>(draws.below(8)), out);
  }
}

TEST(LogHostile, DamagedBytesAreRefusedOrHarmless) {
  const RunFolder run;
  const std::string expected = content_of(run.pack()), tables = tables_of(run.path());
  const std::string whole = read_whole_file(run.pack(), 1 << 24);
  std::vector<Mutation> mutations;
  add_truncations(whole, mutations);
  for (std::size_t at = 0; at < 48; ++at) {
    add_flip("the superblock", whole, at, static_cast<int>(at % 8), mutations);
  }
  add_structures(whole, mutations);
  add_values(whole, mutations);
  add_blocks(whole, mutations);
  add_random_flips(whole, mutations);
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
  add_truncations(whole, mutations);
  add_random_flips(whole, mutations);
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
