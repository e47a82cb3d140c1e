// SPDX-License-Identifier: Apache-2.0
// Damaged manifests: every one is refused with file and line.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>

#include "core/log/files.h"
#include "core/log/hdf5.h"
#include "tests/core/log_hostile_support.h"

namespace tightrope {
namespace {

using log_test::RunFolder;

class ManifestHostile : public ::testing::Test {
 protected:
  std::string path() const { return run_.path() + "/manifest.jsonl"; }
  // What the tables' path says of this manifest; "" when it reads it.
  std::string said(const std::string& manifest) const {
    std::ofstream(path(), std::ios::binary) << manifest;
    return message();
  }
  std::string message() const {
    try {
      log_test::tables_of(run_.path());
    } catch (const IoError& error) {
      return error.what();
    }
    return "";
  }
  // The manifest with the first occurrence of `from` replaced.
  std::string with(const std::string& from, const std::string& to) const {
    std::string out = whole_;
    const std::size_t at = out.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return out.replace(at, from.size(), to);
  }
  RunFolder run_;
  std::string whole_ = read_whole_file(path(), 1 << 20);
};

TEST_F(ManifestHostile, EveryTruncationNamesTheLine) {
  ASSERT_EQ(said(whole_), "");
  for (std::size_t length = 0; length + 1 < whole_.size(); ++length) {
    const std::string part = whole_.substr(0, length);
    const auto line = 1 + std::count(part.begin(), part.end(), '\n');
    const bool at_end = !part.empty() && (part.back() == '\n' || whole_[length] == '\n');
    const std::string place = length == 0
                                  ? ": damaged manifest"
                                  : ":" + std::to_string(part.back() == '\n' ? line - 1 : line);
    const std::string text = said(part);
    ASSERT_THAT(text, ::testing::HasSubstr(path() + place)) << length;
    EXPECT_EQ(text.find("of 3 runs") != std::string::npos, at_end) << length << text;
  }
}

TEST_F(ManifestHostile, WrongTypesAndValuesNameTheLine) {
  struct Case {
    const char *from, *to, *place;
  };
  for (const Case& c : {Case{R"("hash": "00")", R"("hash": 7)", ":1: "},
                        {R"("rows": ["a"])", R"("rows": "a")", ":1: "},
                        {R"("rows": ["a"])", R"("rows": [1])", ":1: "},
                        {R"j("columns": ["accuracy(target)"])j", R"("columns": {})", ":1: "},
                        {R"j("columns": ["accuracy(target)"])j", R"("columns": ["(("])", ":1: "},
                        {R"("published": null)", R"("published": {"source": 1})", ":1: "},
                        {R"("says": "a > 0")", R"("says": "a ? 0")", ":1: "},
                        {R"("says": "a > 0")", R"("says": "nobody > 0")", ":1: "},
                        {R"("runs": 3)", R"("runs": "3")", ":1: "},
                        {R"("runs": 3)", R"("runs": 4)", ":4: "},
                        {R"("kind": "run")", R"("kind": [])", ":2: "},
                        {R"("lane": 0)", R"("lane": -1)", ":2: "},
                        {R"("lane": 1)", R"("lane": 1e300)", ":3: "},
                        {R"("lane": 1)", R"("lane": 123456789012345)", ":3: "},
                        {R"("seed": 0)", R"("seed": 0.5)", ":2: "},
                        {R"("seed": 0)", R"("sead": 0)", ":2: "},
                        {R"("pack": "pack_0000")", R"("pack": "../../x")", ":2: "},
                        {R"("pack": "pack_0000")", R"("pack": null)", ":2: "}}) {
    EXPECT_THAT(said(with(c.from, c.to)), ::testing::HasSubstr(path() + c.place)) << c.to;
  }
}

TEST_F(ManifestHostile, RubbishNamesTheLine) {
  EXPECT_THAT(said(std::string(100000, '[')), ::testing::HasSubstr(path() + ":1: "));
  EXPECT_THAT(said(whole_ + std::string(200000, '[') + std::string(200000, ']')),
              ::testing::HasSubstr(path() + ":5: "));
  EXPECT_THAT(said(whole_ + std::string("\0\xff\xfe", 3)), ::testing::HasSubstr(path() + ":5: "));
  EXPECT_THAT(said(whole_ + "{\"kind\": \"" + std::string(5000000, 'x')),
              ::testing::HasSubstr(path() + ":5: "));
  EXPECT_LT(message().size(), 1000u);
}

TEST_F(ManifestHostile, WhatIsNoFileIsRefused) {
  std::filesystem::remove(path());
  EXPECT_THROW(log_test::tables_of(run_.path()), InputError);  // of the user: another folder
  EXPECT_THROW(log_test::tables_of(run_.path() + "/nowhere"), InputError);
  std::filesystem::create_symlink("/dev/zero", path());
  EXPECT_THAT(message(), ::testing::HasSubstr(path() + ": not a file"));
  std::filesystem::remove(path());
  std::filesystem::create_directory(path());
  EXPECT_THAT(message(), ::testing::HasSubstr(path()));
}

TEST_F(ManifestHostile, LanesThatThePackHasNotAreMissing) {
  EXPECT_EQ(said(with(R"("lane": 2)", R"("lane": 70)")), "");
}

// Packs that are logs, but not with an evaluation as the tables need it.
TEST_F(ManifestHostile, PacksOfAnotherShapeAreNamed) {
  struct Case {
    std::uint64_t rows, environments;
    bool labels;
    const char* says;
  };
  for (const Case& c : {Case{0, 2, true, "holds no evaluation"},
                        {2, 3, true, "evaluation/accuracy has another shape"},
                        {2, 2, false, "has no variable 'evaluation/subset'"}}) {
    hdf5::File file = hdf5::File::create(run_.pack());
    {
      file.root().set_attribute("schema_version", std::int64_t{1});
      hdf5::Group group = file.root().create_group("evaluation");
      hdf5::DatasetOptions options;
      options.maximum = {hdf5::kUnlimited};
      options.chunk = {2};
      hdf5::Dataset checkpoint =
          group.create_dataset("checkpoint", LogType::kI64, {c.rows}, options);
      checkpoint.make_scale("checkpoint");
      hdf5::Dataset environment = group.create_dataset("environment", LogType::kString, {2});
      environment.write_strings(std::vector<std::string>{"source", "target"});
      if (c.labels) {
        hdf5::Dataset subset = group.create_dataset("subset", LogType::kString, {1});
        subset.write_strings(std::vector<std::string>{"all"});
      }
      options.maximum = {3, hdf5::kUnlimited, c.environments, 1};
      options.chunk = {3, 2, c.environments, 1};
      group.create_dataset("accuracy", LogType::kF64, {3, c.rows, c.environments, 1}, options);
    }
    file.close();
    EXPECT_THAT(message(),
                ::testing::AllOf(::testing::HasSubstr(run_.pack()), ::testing::HasSubstr(c.says)));
  }
}

}  // namespace
}  // namespace tightrope
