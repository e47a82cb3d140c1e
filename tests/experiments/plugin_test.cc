// SPDX-License-Identifier: Apache-2.0
// Components from a shared library that is built outside the tree: a drift process and a metric.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "core/base/version.h"
#include "tests/experiments/engine_support.h"

namespace tightrope {
namespace {

namespace fs = std::filesystem;

// What a user writes: docs/plugins.md shows the same file.
std::string source() {
  return engine_test::read_text(std::string(TIGHTROPE_SOURCE_DIR) +
                                "/tests/examples/plugin/mine.cc");
}

// Builds the library in `folder` with the command of docs/plugins.md; its path.
std::string built(const std::string& folder) {
  engine_test::write_file(folder + "/mine.cc", source());
  const std::string out = folder + "/libmine.so";
  const std::string command = std::string(TIGHTROPE_COMPILER) +
                              " -std=c++20 -O1 -fPIC -shared -DFMT_SHARED -I " TIGHTROPE_SOURCE_DIR
                              " -I " TIGHTROPE_BINARY_DIR "/generated " +
                              folder + "/mine.cc -o " + out;
  return std::system(command.c_str()) == 0 ? out : "";
}

TEST(Plugin, ADriftProcessAndAMetricFromOutsideTheTree) {
  const log_test::TemporaryFolder folder;
  const std::string plugin = built(folder / "");
  ASSERT_FALSE(plugin.empty()) << "the plugin did not build";

  const auto listed = engine_test::engine({"--plugin", plugin, "list", "drift"});
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_NE(listed.out.find("zigzag"), std::string::npos) << listed.out;
  EXPECT_EQ(engine_test::engine({"list", "drift"}).out.find("zigzag"), std::string::npos);
  const auto described =
      engine_test::engine({"describe", "metric", "chain_is_empty", "--plugin", plugin});
  EXPECT_EQ(described.code, 0) << described.err;

  const std::string out = folder / "run";
  const auto run = engine_test::engine(
      {"run", engine_test::kTiny, "--plugin", plugin, "--out", out, "--quiet", "--set",
       "drift=[{type: zigzag, factor: confounding, period: 7}]", "--set",
       "tables=[{name: t, columns: [accuracy(target), chain_is_empty(target)]}]"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_NE(run.out.find("chain_is_empty(target)"), std::string::npos) << run.out;

  const auto without = engine_test::engine(
      {"check", engine_test::kTiny, "--set", "drift=[{type: zigzag, factor: confounding}]"});
  EXPECT_EQ(without.code, 2);
  EXPECT_NE(without.err.find("unknown drift \"zigzag\""), std::string::npos) << without.err;

  // The same library as another version would have built it.
  std::string content = engine_test::read_text(plugin);
  const std::string mark = "tightrope-plugin version=";
  const std::size_t at = content.find(mark) + mark.size();
  content.replace(at, 1, "9");
  const std::string other = folder / "libother.so";
  engine_test::write_file(other, content);
  const auto refused = engine_test::engine({"list", "drift", "--plugin", other});
  EXPECT_EQ(refused.code, 2);
  const std::string version(program_version());
  EXPECT_NE(refused.err.find("built for tightrope 9" + version.substr(1) + ", this is " + version),
            std::string::npos)
      << refused.err;
}

TEST(Plugin, WhatIsNoneIsRefused) {
  const log_test::TemporaryFolder folder;
  EXPECT_NE(engine_test::engine({"list", "--plugin"}).err.find("must follow"), std::string::npos);
  const auto absent = engine_test::engine({"list", "--plugin", folder / "no.so"});
  EXPECT_EQ(absent.code, 2);
  EXPECT_NE(absent.err.find("cannot read"), std::string::npos);
  engine_test::write_file(folder / "text.so", "not a library");
  const auto text = engine_test::engine({"list", "--plugin", folder / "text.so"});
  EXPECT_EQ(text.code, 2);
  EXPECT_NE(text.err.find("no TR_PLUGIN"), std::string::npos);
  engine_test::write_file(folder / "half.so",
                          "tightrope-plugin version=" + std::string(program_version()) + ";");
  const auto half = engine_test::engine({"list", "--plugin", folder / "half.so"});
  EXPECT_EQ(half.code, 2) << half.err;
}

}  // namespace
}  // namespace tightrope
