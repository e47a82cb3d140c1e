// SPDX-License-Identifier: Apache-2.0
// Disk full, truncated and altered files, foreign files.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include "core/log/files.h"
#include "core/log/hdf5.h"
#include "tests/core/log_support.h"

namespace tightrope {
namespace {

using log_test::expect_same_data;
using log_test::in_child;
using log_test::message_of;
using log_test::run_invented;
using log_test::TemporaryFolder;
using ::testing::HasSubstr;

std::string bytes_of(const std::string& path) { return read_whole_file(path, 1 << 30); }

void put_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// In a child, with files limited to `limit` bytes: the error text, or "" when it finished.
std::string run_limited(const std::string& folder, rlim_t limit) {
  const std::string report = folder + "/report";
  const int status = in_child([&] {
    ::alarm(20);
    std::signal(SIGXFSZ, SIG_IGN);
    std::ofstream text(report);
    const rlimit limits{limit, limit};
    ::setrlimit(RLIMIT_FSIZE, &limits);
    text << message_of<IoError>([&] { run_invented(folder); });
    text.close();
    std::exit(0);  // HDF5's own clean-up must not hang or crash either
    return 0;
  });
  EXPECT_TRUE(WIFEXITED(status)) << "the child crashed or hung";
  return bytes_of(report);
}

TEST(LogFault, FullDiskIsAClearErrorAndLosesNothing) {
  const TemporaryFolder whole;
  run_invented(whole.path());
  const auto size = std::filesystem::file_size(whole / "pack_0000.h5");
  int partial = 0;
  for (double share : {0.05, 0.5, 0.7, 0.8, 0.9, 0.97}) {
    const TemporaryFolder folder;
    const std::string path = folder / "pack_0000.h5";
    const std::string text =
        run_limited(folder.path(), static_cast<rlim_t>(share * static_cast<double>(size)));
    EXPECT_THAT(text, HasSubstr("too large")) << share;
    EXPECT_THAT(text, HasSubstr("pack_0000")) << share;
    if (log_state(path) == LogState::kPartial) {
      expect_same_data(path + ".partial", whole / "pack_0000.h5", true);
      ++partial;
    }
    run_invented(folder.path());  // the disk has room again
    expect_same_data(path, whole / "pack_0000.h5", false);
  }
  EXPECT_GE(partial, 3);
}

TEST(LogFault, FullDiskNamesItself) {
  if (!file_exists("/dev/full")) GTEST_SKIP() << "no /dev/full on this machine";
  EXPECT_THAT(message_of<IoError>([] { write_file_synced("/dev/full", "x"); }),
              ::testing::AllOf(HasSubstr("disk full"), HasSubstr("/dev/full")));
}

TEST(LogFault, TruncatedLogsAreRefused) {
  const TemporaryFolder folder;
  run_invented(folder.path());
  const std::string whole = bytes_of(folder / "pack_0000.h5");
  const std::string path = folder / "cut.h5";
  for (double share : {0.0, 0.0001, 0.01, 0.3, 0.6, 0.9, 0.999}) {
    put_bytes(path, whole.substr(0, static_cast<std::size_t>(share * double(whole.size()))));
    const std::string text = message_of<IoError>([&] { LogReader::open(path); });
    EXPECT_THAT(text, HasSubstr("cut.h5")) << share;
    EXPECT_TRUE(text.find("truncated") != std::string::npos ||
                text.find("damaged") != std::string::npos ||
                text.find("not an HDF5 file") != std::string::npos)
        << text;
  }
}

TEST(LogFault, ForeignFilesAreRefused) {
  const TemporaryFolder folder;
  EXPECT_THAT(message_of<IoError>([&] { LogReader::open(folder / "none.h5"); }),
              HasSubstr("no such file"));
  put_bytes(folder / "text.h5", "experiment: x\n");
  EXPECT_THAT(message_of<IoError>([&] { LogReader::open(folder / "text.h5"); }),
              HasSubstr("not an HDF5 file"));
  hdf5::File::create(folder / "other.h5").close();
  EXPECT_THAT(message_of<IoError>([&] { LogReader::open(folder / "other.h5"); }),
              HasSubstr("not a tightrope log"));
  hdf5::File newer = hdf5::File::create(folder / "newer.h5");
  newer.root().set_attribute("schema_version", std::int64_t{kLogSchemaVersion + 1});
  newer.close();
  EXPECT_THAT(message_of<IoError>([&] { LogReader::open(folder / "newer.h5"); }),
              HasSubstr("newer than this program"));
}

TEST(LogFault, EnormousClaimsAreNotAllocated) {
  const TemporaryFolder folder;
  hdf5::File file = hdf5::File::create(folder / "huge.h5");
  {
    file.root().set_attribute("schema_version", std::int64_t{1});
    hdf5::Group group = file.root().create_group("scalars");
    hdf5::DatasetOptions options;
    options.chunk = {64, 64, 8};
    group.create_dataset("huge", LogType::kF64, {1ull << 30, 1ull << 30, 8}, options);
  }
  file.close();
  const LogReader log = LogReader::open(folder / "huge.h5");
  EXPECT_THAT(message_of<IoError>([&] { log.read<double>("scalars/huge"); }),
              HasSubstr("claims more than"));
}

TEST(LogFault, RowsThatNotAllVariablesHaveAreCut) {
  const TemporaryFolder folder;
  hdf5::File file = hdf5::File::create(folder / "unequal.h5");
  {
    file.root().set_attribute("schema_version", std::int64_t{1});
    hdf5::Group group = file.root().create_group("scalars");
    hdf5::DatasetOptions options;
    options.maximum = {hdf5::kUnlimited};
    options.chunk = {4};
    hdf5::Dataset step = group.create_dataset("step", LogType::kI64, {8}, options);
    hdf5::Dataset loss = group.create_dataset("loss", LogType::kF64, {4}, options);
    hdf5::Dataset norm = group.create_dataset("norm", LogType::kF64, {12}, options);
    step.make_scale("step");
    loss.attach_scale(0, step);
    norm.attach_scale(0, step);
  }
  file.close();
  const LogReader log = LogReader::open(folder / "unequal.h5");
  EXPECT_EQ(log.rows("scalars/step"), 4u);
  for (const char* name : {"scalars/step", "scalars/loss", "scalars/norm"}) {
    EXPECT_EQ(log.read<double>(name).values.size(), 4u) << name;
  }
}

// Everything a reader of this log would look at.
struct Content {
  std::string numbers, texts;
};

Content content_of(const std::string& path) {
  const LogReader log = LogReader::open(path);
  Content all;
  for (const std::string& group : log.groups()) {
    for (const LogVariableInfo& info : log.variables(group)) {
      if (info.type == LogType::kString) {
        for (const std::string& text : log.read_strings(info.name).values) all.texts += text;
        continue;
      }
      const auto values = log.read<double>(info.name).values;
      all.numbers.append(reinterpret_cast<const char*>(values.data()),
                         values.size() * sizeof(double));
    }
  }
  return all;
}

// In a child with a time limit: 0 refused, 1 same content, 2 other numbers, 3 crashed, 4 other
// texts only.
int outcome_of(const std::string& path, const Content& expected) {
  const int status = in_child([&] {
    ::alarm(10);
    try {
      const Content found = content_of(path);
      if (found.numbers != expected.numbers) return 2;
      return found.texts == expected.texts ? 1 : 4;
    } catch (const IoError&) {
      return 0;
    }
  });
  return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

// Texts are not covered: HDF5 has no checksum for the heap of variable-length strings.
TEST(LogFault, FlippedBitsNeverChangeNumbersInSilence) {
  const TemporaryFolder folder;
  run_invented(folder.path());
  const std::string whole = bytes_of(folder / "pack_0000.h5");
  const Content expected = content_of(folder / "pack_0000.h5");
  const std::string path = folder / "flipped.h5";
  std::array<int, 5> outcomes{};
  for (std::size_t trial = 0; trial < 120; ++trial) {
    std::string bytes = whole;
    const std::size_t place = trial * 7919 * 131 % bytes.size();
    bytes[place] = static_cast<char>(bytes[place] ^ (1 << trial % 8));
    put_bytes(path, bytes);
    ++outcomes.at(outcome_of(path, expected));
  }
  std::printf("flips: %d refused, %d harmless, %d in texts, %d crashed\n", outcomes[0], outcomes[1],
              outcomes[4], outcomes[3]);
  EXPECT_GT(outcomes[0], 20);
  EXPECT_EQ(outcomes[2], 0) << "numbers changed in silence";
  EXPECT_EQ(outcomes[3], 0);
}

TEST(LogFault, ResumeRefusesADamagedLog) {
  const TemporaryFolder folder;
  log_test::Hooks hooks;
  int steps = 0;
  hooks.after_step = [&](const LogWriter&) {
    if (++steps == 130) throw std::runtime_error("stopped by the test");
  };
  EXPECT_THROW(run_invented(folder.path(), hooks), std::runtime_error);
  const std::string partial = folder / "pack_0000.h5.partial";
  const std::string whole = bytes_of(partial);
  put_bytes(partial, whole.substr(0, whole.size() / 2));
  EXPECT_THAT(message_of<IoError>([&] { run_invented(folder.path()); }),
              HasSubstr("pack_0000.h5.partial"));
  put_bytes(partial, "");
  EXPECT_THAT(message_of<IoError>([&] { run_invented(folder.path()); }),
              HasSubstr("not an HDF5 file"));
  std::filesystem::remove(partial);
  EXPECT_THAT(message_of<IoError>([&] { run_invented(folder.path()); }),
              HasSubstr("cannot resume"));
}

}  // namespace
}  // namespace tightrope
