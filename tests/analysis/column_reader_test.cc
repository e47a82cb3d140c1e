// SPDX-License-Identifier: Apache-2.0
// Columns of text tables and HDF5 files: dialects, places in messages, blocks, hostile input.
#include "analysis/detection/column_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "analysis/detection/text_table.h"
#include "core/base/error.h"
#include "core/base/strings.h"
#include "core/log/hdf5.h"
#include "core/random/stream.h"

namespace tightrope {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ColumnTest : public ::testing::Test {
 protected:
  ColumnTest() {
    path_ =
        (std::filesystem::temp_directory_path() / ("column_" + std::to_string(getpid()))).string();
  }
  ~ColumnTest() override { std::filesystem::remove(path_); }

  std::vector<double> read(const std::string& text, const ColumnOptions& options = {}) {
    std::ofstream(path_, std::ios::binary) << text;
    return read_file(options);
  }
  std::vector<double> read_file(const ColumnOptions& options) {
    const auto reader = open_column(path_, options);
    std::vector<double> all;
    for (auto block = reader->next(); !block.empty(); block = reader->next()) {
      all.insert(all.end(), block.begin(), block.end());
    }
    return all;
  }
  std::string refusal(const std::string& text, const ColumnOptions& options = {}) {
    try {
      read(text, options);
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  }

  std::string path_;
};

ColumnOptions column(const std::string& name) {
  ColumnOptions options;
  options.column = name;
  return options;
}

TEST_F(ColumnTest, ReadsEveryDialect) {
  for (const char* text :
       {"step,loss\n0,1.5\n1,-2\n", "step;loss\n0;1.5\n1;-2\n", "step\tloss\n0\t1.5\n1\t-2\n",
        "step loss\n0 1.5\n1  -2\n", "  step   loss\n   0    1.5\n 1 -2",
        "step, loss\r\n0, +1.5\r\n1, -2\r\n",
        "\xef\xbb\xbf\"step\",\"loss\"\n\"0\",\"1.5\"\n1,-2e0\n",
        "# made by hand\nstep,loss\n\n0,1.5\n#\n1,-2\n", "\"step, of many\",loss\n0,1.5\n1,-2\n"}) {
    EXPECT_THAT(read(text, column("loss")), ElementsAre(1.5, -2)) << text;
    EXPECT_THAT(read(text, column("1")), ElementsAre(1.5, -2)) << text;
  }
  EXPECT_THAT(read("1\n2\n"), ElementsAre(1, 2));
  EXPECT_THAT(read("loss\n1\n2"), ElementsAre(1, 2));
}

TEST_F(ColumnTest, HeaderCanBeForced) {
  ColumnOptions options;
  EXPECT_THAT(read("0\n5\n"), ElementsAre(0, 5));
  options.header = "present";
  EXPECT_THAT(read("0\n5\n", options), ElementsAre(5));
  options.header = "absent";
  EXPECT_THAT(refusal("loss\n5\n", options), HasSubstr(":1:1: \"loss\" is not a number"));
  options.header = "yes";
  EXPECT_THAT(refusal("loss\n5\n", options), HasSubstr("auto, present or absent"));
}

TEST_F(ColumnTest, NamesThePlaceAndTheValue) {
  EXPECT_EQ(refusal("loss\n# c\n1\n\nabc\n"), path_ + ":5:1: \"abc\" is not a number");
  EXPECT_EQ(refusal("a,b\n1,2\n1, x1\n", column("b")), path_ + ":3:4: \"x1\" is not a number");
  EXPECT_THAT(refusal("1\nnan\n"), HasSubstr(":2:1: \"nan\" is not finite"));
  EXPECT_THAT(refusal("1\n-inf\n"), HasSubstr(":2:1: \"-inf\" is not finite"));
  EXPECT_THAT(refusal("1\n1e999\n"), HasSubstr(":2:1: \"1e999\" is not finite"));
  EXPECT_THAT(refusal("a,b\n1,\n", column("b")), HasSubstr(":2:3: \"\" is not a number"));
  EXPECT_THAT(refusal("a,b\n1\n", column("b")), HasSubstr(":2: has no column 1, it ends after 0"));
  EXPECT_THAT(refusal("1\n0x10\n"), HasSubstr("\"0x10\" is not a number"));
  EXPECT_THAT(refusal("1\n+-1\n"), HasSubstr("\"+-1\" is not a number"));
}

TEST_F(ColumnTest, NamesTheColumns) {
  EXPECT_THAT(refusal("a,b\n1,2\n"),
              HasSubstr("has 2 columns, choose one with --column: \"a\", \"b\""));
  EXPECT_THAT(refusal("1,2\n"), HasSubstr("choose one with --column: columns 0 to 1"));
  EXPECT_THAT(refusal("alpha,beta\n1,2\n", column("bta")), HasSubstr("did you mean \"beta\"?"));
  EXPECT_THAT(refusal("1,2\n", column("2")),
              HasSubstr("has no column \"2\"; it has columns 0 to 1"));
  EXPECT_THAT(refusal("a,a\n1,2\n", column("a")), HasSubstr("2 columns named \"a\""));
  EXPECT_THAT(refusal(""), HasSubstr("is empty"));
  EXPECT_THAT(refusal("# nothing\n\n"), HasSubstr("is empty"));
}

TEST_F(ColumnTest, KeepsPlacesOverManyBlocks) {
  std::string text = "x\n";
  std::vector<double> expected;
  Draws draws = Stream(2, Purpose::kProbe, 0).at(0);
  for (int i = 0; i < 50000; ++i) {
    expected.push_back(draws.normal());
    text += number_text(expected.back()) + (i % 1000 == 0 ? "\n# comment\n" : "\n");
  }
  EXPECT_EQ(read(text), expected);
  const auto reader = open_column(path_, {});
  std::size_t done = 0;
  for (auto block = reader->next(); !block.empty(); block = reader->next()) {
    const std::size_t last = done + block.size() - 1;  // a comment follows every 1000th sample
    const std::size_t line = 2 + last + (last + 999) / 1000;
    EXPECT_EQ(reader->place(block.size() - 1), path_ + ":" + std::to_string(line));
    done += block.size();
  }
  EXPECT_THAT(refusal(text + "?\n"), HasSubstr(":50052:1: "));
}

TEST_F(ColumnTest, LongLinesArePassedAndTooLongOnesRefused) {
  const std::string padding(3'000'000, ' ');
  EXPECT_THAT(read("1" + padding + "\n" + padding + "2\n", {"0", {}, "auto"}), ElementsAre(1, 2));
  EXPECT_THAT(refusal("1\n" + std::string(20'000'000, '1')),
              HasSubstr(":2: a line of more than 16 MiB"));
}

TEST_F(ColumnTest, TinyNumbersAreZero) {
  EXPECT_THAT(read("1e-999\n-1e-5\n"), ElementsAre(0, -1e-5));
}

// Random bytes end in numbers or in an InputError, never otherwise.
TEST_F(ColumnTest, SurvivesNoise) {
  const std::string letters = "0123456789.,;\t \n\r\"#-+eEnai\xff\0x";
  Draws draws = Stream(4, Purpose::kProbe, 0).at(0);
  int numbers = 0;
  for (int trial = 0; trial < 600; ++trial) {
    std::string text;
    for (std::uint32_t i = 0, n = draws.below(60); i < n; ++i) {
      text += letters[draws.below(static_cast<std::uint32_t>(letters.size()))];
    }
    try {
      for (const double x : read(text, column(draws.bernoulli(0.5) ? "0" : ""))) {
        ASSERT_TRUE(std::isfinite(x));
        ++numbers;
      }
    } catch (const InputError&) {
      continue;
    }
  }
  EXPECT_GT(numbers, 20);
}

class Hdf5ColumnTest : public ColumnTest {
 protected:
  Hdf5ColumnTest() {
    auto file = hdf5::File::create(path_);
    {
      auto group = file.root().create_group("scalars");
      auto one = group.create_dataset("loss", LogType::kF32, {40000});
      std::vector<float> values(40000);
      for (int i = 0; i < 40000; ++i) values[i] = static_cast<float>(i) / 4;
      one.write({0}, {40000}, values.data());
      auto two = group.create_dataset("reward", LogType::kF64, {2, 3});
      const double rewards[] = {1, 2, 3, 4, 5, NAN};
      two.write({0, 0}, {2, 3}, rewards);
      group.create_dataset("names", LogType::kString, {1});
      group.create_dataset("none", LogType::kF64, {0});
    }
    file.close();
  }
  std::string message(const std::string& name, std::optional<std::int64_t> segment = {}) {
    try {
      read_file({name, segment, "auto"});
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(Hdf5ColumnTest, ReadsOneAxisAndARow) {
  const auto loss = read_file({"scalars/loss", {}, "auto"});
  ASSERT_EQ(loss.size(), 40000U);
  for (int i = 0; i < 40000; ++i) ASSERT_EQ(loss[i], i / 4.0);
  EXPECT_THAT(read_file({"/scalars/reward", 0, "auto"}), ElementsAre(1, 2, 3));
}

TEST_F(Hdf5ColumnTest, NamesWhatIsWrong) {
  EXPECT_THAT(message("scalars/reward", 1), HasSubstr(":scalars/reward[1, 2]: nan is not finite"));
  EXPECT_THAT(message("scalars/reward"), HasSubstr("choose one with --segment 0 to 1"));
  EXPECT_THAT(message("scalars/reward", 2), HasSubstr("has rows 0 to 1"));
  EXPECT_THAT(message("scalars/loss", 0), HasSubstr("has one axis alone"));
  EXPECT_THAT(message("scalars/lost"), HasSubstr("did you mean \"scalars/loss\"?"));
  EXPECT_THAT(message("loss"), HasSubstr("did you mean \"scalars/loss\"?"));
  EXPECT_THAT(message(""),
              HasSubstr("choose a variable with --column group/variable: scalars/loss"));
  EXPECT_THAT(message("scalars/names"), HasSubstr("holds text"));
  EXPECT_THAT(message("scalars/none"), HasSubstr("is empty"));
  EXPECT_THAT(message("scalars"), HasSubstr("is a group"));
}

}  // namespace
}  // namespace tightrope
