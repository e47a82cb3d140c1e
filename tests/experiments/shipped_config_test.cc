// SPDX-License-Identifier: Apache-2.0
// Every shipped experiment is a test: it checks, and a shortened form of it runs to its tables.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/experiments/engine_support.h"

namespace tightrope {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> shipped() {
  std::vector<std::string> out;
  const fs::path folder = fs::path(TIGHTROPE_SOURCE_DIR) / "experiments/configs";
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const fs::path& path = entry.path();
    if (path.extension() == ".yaml" && path.parent_path().filename() != "published" &&
        path.parent_path().filename() != "parts") {
      out.push_back(path.string());
    }
  }
  return out;
}

TEST(ShippedConfig, RunsShortened) {
  ASSERT_GE(shipped().size(), 2U);
  for (const std::string& file : shipped()) {
    SCOPED_TRACE(file);
    const log_test::TemporaryFolder folder;
    const std::string out = folder / "run";
    const auto said = engine_test::engine(
        {"run", file, "--out", out, "--quiet", "--set", "seeds=[7, 8]", "--set",
         "evaluate={every: 1000, cases: 20}", "--set",
         "record={every: 1000, probes: 1, tokens: top2, tokens_full: 1}", "--set", "sft.steps=3",
         "--set", "rft.steps=3", "--set", "sft.data.cases=128", "--set", "rft.data.cases=128"});
    EXPECT_EQ(said.code, 0) << said.err;
    std::ifstream stream(file);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    EXPECT_EQ(fs::exists(out + "/tables/claims.md"), text.find("\nclaims:") != std::string::npos);
    EXPECT_NE(said.out.find("| arm |"), std::string::npos);
  }
}

}  // namespace
}  // namespace tightrope
