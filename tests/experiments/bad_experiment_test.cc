// SPDX-License-Identifier: Apache-2.0
// Every kind of mistake in an experiment file: the exact message, exit code 2, no folder made.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "experiments/runner.h"
#include "tests/experiments/engine_support.h"

namespace tightrope {
namespace {

namespace fs = std::filesystem;

const fs::path kCorpus = fs::path(TIGHTROPE_SOURCE_DIR) / "tests/golden/bad_yaml/experiment";

std::vector<fs::path> corpus() {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(kCorpus)) {
    if (entry.path().extension() == ".yaml") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

TEST(BadExperiment, CorpusHasAtLeastSixtyFiles) { EXPECT_GE(corpus().size(), 60U); }

// TIGHTROPE_UPDATE_GOLDEN=1 writes the messages anew: look at the difference.
TEST(BadExperiment, EveryFileGivesItsMessage) {
  for (const fs::path& path : corpus()) {
    SCOPED_TRACE(path.filename().string());
    std::string said = "no error";
    try {
      check_file(load_experiment_tree(path.string(), {}));
    } catch (const InputError& error) {
      said = replaced(error.what(), path.string(), "FILE");
    }
    const std::string folder = kCorpus.string() + "/";
    const fs::path golden = fs::path(path).replace_extension(".expected");
    said = replaced(said, folder, "") + "\n";
    if (std::getenv("TIGHTROPE_UPDATE_GOLDEN") != nullptr) std::ofstream(golden) << said;
    EXPECT_EQ(said, engine_test::read_text(golden));
  }
}

TEST(BadExperiment, TheProgramExitsWithTwoAndMakesNoFolder) {
  for (const char* name : {"01_unknown_top_key.yaml", "41_beta_not_positive.yaml"}) {
    const log_test::TemporaryFolder folder;
    const std::string out = folder / "run";
    ASSERT_TRUE(fs::exists(kCorpus / name)) << name;
    const auto said = engine_test::engine({"run", (kCorpus / name).string(), "--out", out});
    EXPECT_EQ(said.code, 2) << said.err;
    EXPECT_FALSE(fs::exists(out));
  }
}

TEST(BadExperiment, MistakesInSetNameTheOption) {
  const auto said = engine_test::engine({"check", engine_test::kTiny, "--set", "rft.batch=many"});
  EXPECT_EQ(said.code, 2);
  EXPECT_NE(said.err.find("--set rft.batch=many"), std::string::npos) << said.err;
  EXPECT_NE(said.err.find("expected an integer"), std::string::npos) << said.err;
  const auto path = engine_test::engine({"check", engine_test::kTiny, "--set", "rtf.batch=4"});
  EXPECT_EQ(path.code, 2);
  EXPECT_NE(path.err.find("did you mean \"rft\"?"), std::string::npos) << path.err;
}

}  // namespace
}  // namespace tightrope
