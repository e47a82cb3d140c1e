// SPDX-License-Identifier: Apache-2.0
// Every shipped experiment is a test: it checks, and a shortened form of it runs to its tables.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

#include "experiments/runner.h"
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

// Settings that shorten every stage.
std::vector<std::string> short_stages(const Node& tree) {
  std::vector<std::string> out;
  for (const Node& stage : tree.find("stages")->items()) {
    const std::string name = stage.find("name")->text();
    for (const char* setting : {".steps=3", ".data.cases=128"}) {
      out.insert(out.end(), {"--set", name + setting});
    }
  }
  return out;
}

// A copy of the file in `folder` whose sweep shortens its stages too: a sweep wins over --set.
std::string shortened(const std::string& file, const std::string& folder) {
  std::string text = engine_test::read_text(file);
  text = std::regex_replace(text, std::regex("\\b(sft|rft)\\.steps: [0-9]+"), "$1.steps: 3");
  text = std::regex_replace(text, std::regex("\\bcases: [0-9]{4,}"), "cases: 128");
  text = std::regex_replace(text, std::regex("\\bat: [0-9]{3,}"), "at: 4");
  text = std::regex_replace(text, std::regex("\\bparts/"),
                            fs::path(file).parent_path().string() + "/parts/");
  const std::string out = folder + "/shortened.yaml";
  engine_test::write_file(out, text);
  return out;
}

TEST(ShippedConfig, RunsShortened) {
  ASSERT_GE(shipped().size(), 2U);
  for (const std::string& file : shipped()) {
    SCOPED_TRACE(file);
    const log_test::TemporaryFolder folder;
    const std::string out = folder / "run";
    const Node tree = load_experiment_tree(file, {});
    std::vector<std::string> args = {
        "run",    shortened(file, folder / ""),
        "--out",  out,
        "--set",  "seeds=[7, 8]",
        "--set",  "evaluate.every=1000",
        "--set",  "evaluate.cases=20",
        "--set",  "record={every: 1000, probes: 1, tokens: top2, tokens_full: 1}",
        "--quiet"};
    const std::vector<std::string> stages = short_stages(tree);
    args.insert(args.end(), stages.begin(), stages.end());
    const auto said = engine_test::engine(args);
    EXPECT_EQ(said.code, 0) << said.err;
    const bool claims = tree.find("claims") != nullptr;
    EXPECT_EQ(fs::exists(out + "/tables/claims.md"), claims);
    EXPECT_NE(said.out.find("| arm |"), std::string::npos);
  }
}

}  // namespace
}  // namespace tightrope
