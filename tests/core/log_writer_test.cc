// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <fstream>
#include <map>

#include "core/log/files.h"
#include "core/log/hdf5.h"
#include "core/log/writer.h"
#include "tests/core/log_support.h"

namespace tightrope {
namespace {

using log_test::expect_same_data;
using log_test::message_of;
using log_test::run_invented;
using log_test::TemporaryFolder;

TEST(LogWriter, WritesWhatWasPut) {
  const TemporaryFolder folder;
  run_invented(folder.path());
  const std::string path = folder / "pack_0000.h5";
  EXPECT_EQ(log_state(path), LogState::kFinished);
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
  EXPECT_FALSE(std::filesystem::exists(path + ".partial.new"));
  const LogReader log = LogReader::open(path);
  EXPECT_FALSE(log.partial());
  EXPECT_EQ(log.schema_version(), kLogSchemaVersion);
  EXPECT_EQ(log.rows("scalars/step"), 245u);
  EXPECT_EQ(log.rows("evaluation/checkpoint"), 25u);
  EXPECT_EQ(log.rows("drift/drift_step"), 82u);
  EXPECT_EQ(log.info("evaluation/tokens").shape, (LogShape{3, 25, 2, 3, 32}));
  EXPECT_EQ(
      log.info("evaluation/tokens").dims,
      (std::vector<std::string>{"segment", "checkpoint", "environment", "quantile", "probe"}));
  const auto steps = log.read<std::int64_t>("evaluation/checkpoint").values;
  EXPECT_EQ(steps.front(), 0);
  EXPECT_EQ(steps.back(), 240);
  // One row of one segment, by the block reader: target = its step everywhere.
  const auto row = log.read<std::int32_t>("evaluation/target", {1, 5, 0}, {1, 1, 32});
  EXPECT_EQ(row.values, std::vector<std::int32_t>(32, 50));
  const auto frozen = log.read<double>("scalars/frozen", {1, 100}, {1, 2});
  EXPECT_EQ(frozen.values, (std::vector<double>{0, 1}));
  EXPECT_EQ(log.read_strings("meta/arm").values.at(2), "cpo \xc3\xa9");
  EXPECT_EQ(log.read_strings("meta/config").values.at(0).size(), 100000u);
}

TEST(LogWriter, FinalAttributesReplaceTheFirstOnes) {
  const TemporaryFolder folder;
  run_invented(folder.path());
  std::map<std::string, LogValue> found;
  for (const LogAttribute& attribute : LogReader::open(folder / "pack_0000.h5").attributes()) {
    found[attribute.name] = attribute.value;
  }
  EXPECT_EQ(std::get<std::string>(found.at("status")), "finished");
  EXPECT_EQ(std::get<std::string>(found.at("experiment")), "invented");
  EXPECT_EQ(std::get<std::int64_t>(found.at("threads")), 2);
  EXPECT_EQ(found.count("finished_utc"), 1u);
}

TEST(LogWriter, KeepsTheBufferedRowsOfAnyResume) {
  const TemporaryFolder whole;
  run_invented(whole.path());
  for (int stop : {26, 60, 131, 239}) {
    const TemporaryFolder folder;
    log_test::Hooks hooks;
    int steps = 0;
    hooks.after_step = [&](const LogWriter&) {
      if (++steps == stop) throw std::runtime_error("stopped by the test");
    };
    EXPECT_THROW(run_invented(folder.path(), hooks), std::runtime_error);
    EXPECT_EQ(log_state(folder / "pack_0000.h5"), LogState::kPartial);
    run_invented(folder.path());
    expect_same_data(folder / "pack_0000.h5", whole / "pack_0000.h5", false);
  }
}

TEST(LogWriter, PartialFileHoldsWholeBlocksAndOpensWhileWritten) {
  const TemporaryFolder folder;
  log_test::Hooks hooks;
  int steps = 0;
  hooks.after_step = [&](const LogWriter& log) {
    ++steps;
    const auto rows = static_cast<std::uint64_t>(steps);
    ASSERT_EQ(log.rows(log.axis("scalars/step")), rows);
    ASSERT_EQ(log.flushed_rows(log.axis("scalars/step")), rows / 16 * 16);
    if (steps % 37 != 0) return;
    // Another process, because HDF5 does not open one file twice in different modes.
    const int status = log_test::in_child([&] {
      const LogReader reader = LogReader::open(folder / "pack_0000.h5.partial");
      return reader.partial() && reader.rows("scalars/step") == rows / 16 * 16 ? 0 : 1;
    });
    EXPECT_EQ(status, 0) << steps;
  };
  run_invented(folder.path(), hooks);
}

// A row above 1 MiB lies in several chunks, some along the axis in front of the rows.
TEST(LogWriter, RowsOfManyChunksAreReadBackAndResumed) {
  constexpr std::size_t kWidth = 150000;  // 600 kB a segment
  LogSchema schema;
  LogVariable wide = log_test::variable("wide", {"segment", "checkpoint", "token"}, LogType::kF32);
  schema.groups = {
      {"laws",
       "",
       {fixed_dimension("segment", 5), appended_dimension("checkpoint", 1, "1", "step"),
        fixed_dimension("token", kWidth)},
       {wide}}};
  const auto row = [](int r) {
    std::vector<float> values(5 * kWidth);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(r) + static_cast<float>(i) / (5 * kWidth);
    }
    return values;
  };
  const auto append = [&](LogWriter& log, int r) {
    log.put<float>(log.column("laws/wide"), row(r));
    log.end_row(log.axis("laws/checkpoint"), r);
  };
  const auto expect_rows = [&](const std::string& path, int rows) {
    const LogReader log = LogReader::open(path);
    ASSERT_EQ(log.rows("laws/checkpoint"), static_cast<std::uint64_t>(rows));
    EXPECT_LT(log.info("laws/wide").chunk[0], 5U);
    for (int r = 0; r < rows; ++r) {
      EXPECT_EQ(log.read<float>("laws/wide", {0, std::uint64_t(r), 0}, {5, 1, kWidth}).values,
                row(r))
          << r;
    }
  };
  const TemporaryFolder folder;
  Checkpoint checkpoint(1);
  {
    LogWriter log = LogWriter::create(folder / "a.h5", schema);
    log.start();
    for (int r = 0; r < 3; ++r) append(log, r);
    log.save(checkpoint);
    append(log, 3);
    expect_rows(folder / "a.h5.partial", 4);
  }
  {
    const hdf5::File file = hdf5::File::open(folder / "a.h5.partial", true);
    const hdf5::Dataset wide_rows = file.root().open_group("laws").open_dataset("wide");
    const std::uint64_t all = file_size(folder / "a.h5.partial"), row_bytes = 5 * 4 * kWidth;
    const auto stored = [&](std::uint64_t first, std::uint64_t rows, std::uint64_t bytes) {
      return wide_rows.is_stored({0, first, 0}, {5, first + rows, kWidth}, bytes);
    };
    EXPECT_TRUE(stored(0, 4, all));
    EXPECT_FALSE(stored(0, 5, all));  // it was never written
    EXPECT_FALSE(stored(3, 1, all - row_bytes));
    EXPECT_TRUE(stored(0, 1, all - row_bytes));
  }
  LogWriter log = LogWriter::resume(folder / "a.h5", schema, checkpoint);
  expect_rows(folder / "a.h5.partial", 3);
  append(log, 3);
  log.finish({});
  expect_rows(folder / "a.h5", 4);
}

TEST(LogWriter, RefusesMisuse) {
  const TemporaryFolder folder;
  LogWriter log = LogWriter::create(folder / "a.h5", log_test::invented_schema());
  EXPECT_THROW(log.start(), InternalError);  // static variables are missing
  EXPECT_THROW(log.write<std::int64_t>("meta/seed", {1}), InternalError);        // too few
  EXPECT_THROW(log.write<double>("meta/seed", {1, 2, 3}), InternalError);        // type
  EXPECT_THROW(log.write<std::int64_t>("meta/none", {1, 2, 3}), InternalError);  // unknown
  EXPECT_THROW(log.write<double>("scalars/loss", {1, 2, 3}), InternalError);     // appended
  log.write<std::int64_t>("meta/seed", {1, 2, 3});
  log.write<std::string>("meta/arm", {"a", "b", "c"});
  log.write<std::string>("meta/config", {"x"});
  const int loss = log.column("scalars/loss"), step = log.axis("scalars/step");
  EXPECT_THROW(log.put<double>(loss, {1, 2, 3}), InternalError);  // before start
  EXPECT_EQ(log_state(folder / "a.h5"), LogState::kNone);
  log.start();
  EXPECT_EQ(log_state(folder / "a.h5"), LogState::kPartial);
  EXPECT_THROW(log.write<std::int64_t>("meta/seed", {1, 2, 3}), InternalError);
  EXPECT_THROW(log.column("scalars/none"), InternalError);
  EXPECT_THROW(log.put<double>(loss, {1, 2}), InternalError);
  EXPECT_THROW(log.put<float>(loss, {1, 2, 3}), InternalError);
  log.put<double>(loss, {1, 2, 3});
  EXPECT_THROW(log.put<double>(loss, {1, 2, 3}), InternalError);  // twice
  EXPECT_THROW(log.end_row(step, 0), InternalError);              // other columns are missing
  Checkpoint checkpoint;
  EXPECT_THROW(log.save(checkpoint), InternalError);  // in the middle of a row
}

TEST(LogWriter, NeverReplacesAFinishedLog) {
  const TemporaryFolder folder;
  run_invented(folder.path());
  EXPECT_THAT(message_of<IoError>(
                  [&] { LogWriter::create(folder / "pack_0000.h5", log_test::invented_schema()); }),
              ::testing::HasSubstr("already finished"));
}

TEST(LogWriter, UnwritableFolderIsAClearError) {
  const TemporaryFolder folder;
  std::ofstream(folder / "file") << "x";
  EXPECT_THAT(
      message_of<IoError>(
          [&] { LogWriter::create(folder / "file/a.h5", log_test::invented_schema()); }),
      ::testing::AllOf(::testing::HasSubstr("cannot create"), ::testing::HasSubstr("file/a.h5")));
  EXPECT_THAT(
      message_of<IoError>([&] { LogWriter::create("/proc/a.h5", log_test::invented_schema()); }),
      ::testing::HasSubstr("/proc/a.h5"));
}

}  // namespace
}  // namespace tightrope
