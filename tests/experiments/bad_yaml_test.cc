// SPDX-License-Identifier: Apache-2.0
// Every file of tests/golden/bad_yaml/ is refused with exactly the text of its .expected, in which
// the file's own path reads FILE and its folder DIR. Leading comments `# --set path=value` are
// given as such options. To write the expected texts anew (then read them!):
//   TIGHTROPE_WRITE_GOLDEN=1 test_experiments --gtest_filter='BadYaml.*'
#include <gmock/gmock.h>

#include <cstdlib>
#include <set>

#include "core/base/error.h"
#include "core/base/paths.h"
#include "experiments/runner.h"
#include "tests/experiments/engine_support.h"

namespace tightrope {
namespace {

using namespace engine_test;

fs::path corpus() { return fs::path(TIGHTROPE_SOURCE_DIR) / "tests/golden/bad_yaml"; }

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), by);
    at += by.size();
  }
  return text;
}

std::vector<std::string> sets_of(const fs::path& file) {
  std::vector<std::string> sets;
  std::ifstream in(file);
  const std::string mark = "# --set ";
  for (std::string line; std::getline(in, line) && line.starts_with(mark);) {
    sets.push_back(line.substr(mark.size()));
  }
  return sets;
}

// What `check` says of a file; "good" when it finds nothing.
std::string said_of(const fs::path& file) {
  std::string text = "good";
  try {
    check_file(file.string(), sets_of(file));
  } catch (const InputError& error) {
    text = error.what();
  }
  text = replaced(text, file.string(), "FILE");
  text = replaced(text, corpus().string(), "DIR");
  return replaced(text, data_folder().string(), "DATA") + "\n";
}

std::vector<fs::path> files() {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(corpus())) {
    if (entry.path().extension() == ".yaml") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST(BadYaml, EveryFileIsRefusedWithItsText) {
  const std::vector<fs::path> all = files();
  EXPECT_GE(all.size(), 100U);
  for (const fs::path& file : all) {
    const std::string said = said_of(file);
    const fs::path expected = fs::path(file).replace_extension(".expected");
    if (std::getenv("TIGHTROPE_WRITE_GOLDEN") != nullptr) write_file(expected, said);
    EXPECT_NE(said, "good\n") << file;
    EXPECT_EQ(said, read_text(expected)) << file;
  }
}

// A user must find the place: every line starts with a position or with the option it came from.
TEST(BadYaml, EveryLineNamesItsPlace) {
  for (const fs::path& file : files()) {
    std::istringstream lines(said_of(file));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_TRUE(line.starts_with("FILE:") || line.starts_with("DIR/") ||
                  line.starts_with("--set ") || line.starts_with("include "))
          << file << "\n"
          << line;
    }
  }
}

TEST(BadYaml, TheProgramExitsWithTwoAndMakesNoFolder) {
  const std::vector<fs::path> all = files();
  const TemporaryFolder folder;
  for (std::size_t i = 0; i < all.size(); i += 15) {
    const std::string out = folder / "run";
    std::vector<std::string> args = {"run", all[i].string(), "--out", out};
    for (const std::string& set : sets_of(all[i])) args.insert(args.end(), {"--set", set});
    const Said said = engine(args);
    EXPECT_EQ(said.code, 2) << all[i] << said.err;
    EXPECT_EQ(said.out, "") << all[i];
    const std::string text = read_text(fs::path(all[i]).replace_extension(".expected"));
    EXPECT_EQ(replaced(replaced(said.err, all[i].string(), "FILE"), corpus().string(), "DIR"),
              text);
    EXPECT_FALSE(fs::exists(out)) << all[i];
  }
}

TEST(BadYaml, EnormousAndMissingFiles) {
  const TemporaryFolder folder;
  write_file(folder / "big.yaml", std::string(17 << 20, '#'));
  const Said big = engine({"check", folder / "big.yaml"});
  EXPECT_EQ(big.code, 2);
  EXPECT_THAT(big.err, ::testing::HasSubstr(folder / "big.yaml"));
  const Said none = engine({"check", folder / "none.yaml"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, ::testing::HasSubstr(folder / "none.yaml"));
  EXPECT_EQ(engine({"check", folder.path()}).code, 2);
}

}  // namespace
}  // namespace tightrope
