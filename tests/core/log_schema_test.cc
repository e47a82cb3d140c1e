// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "core/log/hdf5.h"
#include "core/log/schema.h"
#include "tests/core/log_support.h"

namespace tightrope {
namespace {

using log_test::message_of;
using log_test::variable;
using ::testing::HasSubstr;

// The message for the invented schema after `change`.
std::string rejected(const std::function<void(LogGroup&)>& change) {
  LogSchema schema = log_test::invented_schema();
  change(schema.groups.at(1));  // scalars
  return message_of<InternalError>([&] { validate(schema); });
}

TEST(LogSchema, AcceptsTheInventedOne) { EXPECT_NO_THROW(validate(log_test::invented_schema())); }

TEST(LogSchema, NamesEveryBrokenRule) {
  EXPECT_THAT(rejected([](LogGroup& g) { g.variables[0].units = ""; }),
              HasSubstr("scalars/loss needs units"));
  EXPECT_THAT(rejected([](LogGroup& g) { g.variables[0].long_name = ""; }), HasSubstr("long_name"));
  EXPECT_THAT(rejected([](LogGroup& g) { g.variables[0].units = "seconds"; }),
              HasSubstr("read as a time"));
  EXPECT_THAT(rejected([](LogGroup& g) { g.variables[0].name = "a b"; }), HasSubstr("not a name"));
  EXPECT_THAT(rejected([](LogGroup& g) { g.variables[1].name = "loss"; }), HasSubstr("twice"));
  EXPECT_THAT(rejected([](LogGroup& g) { g.variables[0].name = "step"; }),
              HasSubstr("name of a dimension"));
  EXPECT_THAT(rejected([](LogGroup& g) { g.variables[0].dims = {"none"}; }),
              HasSubstr("no dimension 'none'"));
  EXPECT_THAT(rejected([](LogGroup& g) {
                g.variables[0].dims = {"segment", "segment"};
              }),
              HasSubstr("twice"));
  EXPECT_THAT(rejected([](LogGroup& g) { g.variables[0].type = LogType::kString; }),
              HasSubstr("texts cannot be appended"));
  EXPECT_THAT(rejected([](LogGroup& g) { g.variables[2].flag_meanings.pop_back(); }),
              HasSubstr("flag_meanings"));
  EXPECT_THAT(rejected([](LogGroup& g) { g.variables[2].flag_meanings[0] = "two words"; }),
              HasSubstr("one word"));
  EXPECT_THAT(rejected([](LogGroup& g) { g.variables[2].flag_values[1] = 256; }),
              HasSubstr("does not fit"));
  EXPECT_THAT(rejected([](LogGroup& g) { g.variables[2].fill = -1; }), HasSubstr("does not fit"));
  EXPECT_THAT(rejected([](LogGroup& g) { g.dims[0].length = 0; }), HasSubstr("length 0"));
  EXPECT_THAT(rejected([](LogGroup& g) { g.dims[1].length = 5; }), HasSubstr("grows"));
  EXPECT_THAT(rejected([](LogGroup& g) {
                g.dims.push_back(fixed_dimension("extra", 2));
                g.variables[0].dims = {"segment", "extra", "step"};
              }),
              HasSubstr("first or second"));
  EXPECT_THAT(rejected([](LogGroup& g) {
                g.dims.push_back(appended_dimension("other", 2, "1", "other"));
                g.variables[0].dims = {"other", "step"};
              }),
              HasSubstr("more than one appended"));
}

// What xarray's h5netcdf and netCDF4 engines need of every data set in the file.
TEST(LogSchema, FileFollowsTheRulesOfItsReaders) {
  const log_test::TemporaryFolder folder;
  log_test::run_invented(folder.path());
  const hdf5::File file = hdf5::File::open(folder / "pack_0000.h5", false);
  int variables = 0, bare = 0;
  for (const auto& group : file.root().children()) {
    ASSERT_TRUE(group.is_group) << "no data sets in the root: " << group.name;
    const hdf5::Group opened = file.root().open_group(group.name);
    for (const auto& child : opened.children()) {
      const hdf5::Dataset dataset = opened.open_dataset(child.name);
      for (const std::string& name : dataset.dimension_names()) EXPECT_NE(name, "") << child.name;
      if (dataset.scale_name().starts_with("This is a netCDF dimension")) {
        EXPECT_TRUE(dataset.scale_name().starts_with(
            "This is a netCDF dimension but not a netCDF variable."));
        ++bare;
        continue;
      }
      ++variables;
      EXPECT_TRUE(dataset.has_attribute("units")) << dataset.where();
      EXPECT_TRUE(dataset.has_attribute("long_name")) << dataset.where();
      const LogType type = dataset.type();
      EXPECT_EQ(dataset.has_attribute("_FillValue"),
                (type == LogType::kF32 || type == LogType::kF64) && dataset.scale_name().empty())
          << dataset.where();
    }
  }
  EXPECT_EQ(variables, 3 + 4 + 6 + 3);
  EXPECT_EQ(bare, 5);
}

TEST(LogSchema, FlagsAreWritten) {
  const log_test::TemporaryFolder folder;
  log_test::run_invented(folder.path());
  const LogReader log = LogReader::open(folder / "pack_0000.h5");
  bool found = false;
  for (const LogAttribute& attribute : log.attributes("scalars/frozen")) {
    if (attribute.name == "flag_meanings") {
      EXPECT_EQ(std::get<std::string>(attribute.value), "running frozen");
      found = true;
    }
    if (attribute.name == "flag_values") {
      EXPECT_EQ(std::get<std::vector<std::int64_t>>(attribute.value),
                (std::vector<std::int64_t>{0, 1}));
    }
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace tightrope
