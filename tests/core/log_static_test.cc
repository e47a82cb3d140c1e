// SPDX-License-Identifier: Apache-2.0
// Files without appended rows: written in parts, replaced when whole.
#include <gmock/gmock.h>

#include "core/log/hdf5.h"
#include "core/log/writer.h"
#include "tests/core/log_support.h"

namespace tightrope {
namespace {

using log_test::message_of;
using log_test::TemporaryFolder;
using ::testing::HasSubstr;

LogSchema table_schema() {
  LogSchema schema;
  LogGroup group{"table", "", {fixed_dimension("segment", 4), fixed_dimension("column", 2)}, {}};
  LogVariable variable;
  variable.name = "value";
  variable.dims = {"segment", "column"};
  variable.units = std::string("1");
  variable.long_name = "value";
  group.variables = {variable};
  schema.groups = {group};
  return schema;
}

using Values = std::vector<double>;

void write_rows(LogWriter& writer, std::uint64_t first, const Values& values) {
  writer.write_rows<double>("table/value", first, values);
}

TEST(StaticLog, PartsInAnyOrderMakeTheWhole) {
  const TemporaryFolder folder;
  LogWriter writer = LogWriter::create(folder / "a.h5", table_schema());
  write_rows(writer, 3, {7, 8});
  write_rows(writer, 0, {1, 2, 3, 4});
  EXPECT_THAT(message_of<InternalError>([&] { writer.finish_static(); }),
              HasSubstr("'table/value' was not written"));
  write_rows(writer, 2, {5, 6});
  EXPECT_FALSE(std::filesystem::exists(folder / "a.h5"));
  writer.finish_static();
  EXPECT_EQ(LogReader::open(folder / "a.h5").read<double>("table/value").values,
            (Values{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(log_state(folder / "a.h5"), LogState::kFinished);
}

TEST(StaticLog, TakesThePlaceOfAnOlderFileOnlyWhenWhole) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.h5";
  const auto fill = [&](double value, bool finish) {
    LogWriter writer = LogWriter::create(path, table_schema(), true);
    write_rows(writer, 0, Values(8, value));
    if (finish) writer.finish_static();
  };
  fill(1, true);
  fill(2, false);
  EXPECT_EQ(LogReader::open(path).read<double>("table/value").values, Values(8, 1));
  fill(3, true);
  EXPECT_EQ(LogReader::open(path).read<double>("table/value").values, Values(8, 3));
  EXPECT_THAT(message_of<IoError>([&] { LogWriter::create(path, table_schema()); }),
              HasSubstr("already finished"));
}

TEST(StaticLog, RefusesRowsThatDoNotFit) {
  const TemporaryFolder folder;
  LogWriter writer = LogWriter::create(folder / "a.h5", table_schema());
  EXPECT_THAT(message_of<InternalError>([&] {
                write_rows(writer, 3, {1, 2, 3, 4});
              }),
              HasSubstr("has 4 rows of 2"));
  EXPECT_THAT(message_of<InternalError>([&] {
                write_rows(writer, 0, {1, 2, 3});
              }),
              HasSubstr("has 4 rows of 2"));
  write_rows(writer, 0, Values(6, 1));
  EXPECT_THAT(message_of<InternalError>([&] { write_rows(writer, 0, Values(4, 1)); }),
              HasSubstr("rows twice"));
}

TEST(StaticLog, ReadsIntoTheCallersMemory) {
  const TemporaryFolder folder;
  LogWriter writer = LogWriter::create(folder / "a.h5", table_schema());
  write_rows(writer, 0, {1, 2, 3, 4, 5, 6, 7, 8});
  writer.finish_static();
  const LogReader log = LogReader::open(folder / "a.h5");
  Values memory(4, -1);
  log.read_into<double>("table/value", {1, 0}, {2, 1}, std::span(memory).subspan(1, 2));
  EXPECT_EQ(memory, (Values{-1, 3, 5, -1}));
  EXPECT_THAT(message_of<InternalError>([&] {
                log.read_into<double>("table/value", {1, 0}, {2, 1}, memory);
              }),
              HasSubstr("2 values into memory for 4"));
  EXPECT_EQ(log.info("table/value").chunk, (LogShape{4, 2}));
  EXPECT_EQ(LogReader::root_attributes(folder / "a.h5").front().name, "Conventions");
  EXPECT_TRUE(hdf5::File::open(folder / "a.h5", false).root().has_attribute("seal"));
}

TEST(StaticLog, ReadsNothingOutsideOfAVariableOrOfAnotherType) {
  const TemporaryFolder folder;
  LogWriter writer = LogWriter::create(folder / "a.h5", table_schema());
  write_rows(writer, 0, {1, 2, 3, 4, 5, 6, 7, 8});
  writer.finish_static();
  const LogReader log = LogReader::open(folder / "a.h5");
  const auto refusal = [&](const LogShape& offset, const LogShape& count) {
    return message_of<InternalError>([&] { log.read<double>("table/value", offset, count); });
  };
  EXPECT_THAT(refusal({0, 1}, {4, 2}), HasSubstr("block 1+2 outside of axis 1 of 2"));
  EXPECT_THAT(refusal({5, 0}, {0, 2}), HasSubstr("block 5+0 outside of axis 0 of 4"));
  EXPECT_THAT(refusal({~std::uint64_t{0}, 0}, {2, 2}), HasSubstr("outside of axis 0"));
  EXPECT_THAT(refusal({0}, {4}), HasSubstr("rank 2 read with a block of rank 1"));
  EXPECT_THAT(message_of<IoError>([&] { log.read<float>("table/value"); }),
              HasSubstr("is of type f64, read as f32"));
  EXPECT_THAT(message_of<IoError>([&] { log.read_strings("table/value"); }),
              HasSubstr("is of type f64, read as string"));
  EXPECT_EQ(log.read<double>("table/value", {4, 0}, {0, 2}).values, Values());
}

}  // namespace
}  // namespace tightrope
