// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/config/problems.h"
#include "core/config/yaml.h"

namespace tightrope {
namespace {

namespace fs = std::filesystem;

std::string read_bytes(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {(std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>()};
}

// The message of parse_yaml, or "accepted: " and the tree.
std::string outcome(const std::string& text) {
  try {
    return "accepted: " + to_json(parse_yaml(text, "FILE"));
  } catch (const ConfigError& error) {
    return error.what();
  }
}

std::string load_outcome(const fs::path& path) {
  try {
    return "accepted: " + to_json(load_yaml(path));
  } catch (const ConfigError& error) {
    return error.what();
  }
}

// A folder of files for one test.
class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_(fs::temp_directory_path() / ("tightrope_" + name + std::to_string(::getpid()))) {
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }
  std::string text() const { return path_.string(); }

 private:
  fs::path path_;
};

TEST(BadYaml, EverySyntaxFileGivesItsMessage) {
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::directory_iterator(fs::path(TIGHTROPE_SOURCE_DIR) / "tests/golden/bad_yaml/syntax")) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  EXPECT_GE(files.size(), 70u);
  for (const fs::path& file : files) {
    fs::path expected = file;
    expected.replace_extension(".expected");
    ASSERT_TRUE(fs::exists(expected)) << expected;
    EXPECT_EQ(outcome(read_bytes(file)) + "\n", read_bytes(expected)) << file;
  }
}

TEST(Yaml, AcceptsTheOrdinary) {
  EXPECT_EQ(outcome(""), "accepted: null");
  EXPECT_EQ(outcome("# only a comment\n"), "accepted: null");
  EXPECT_EQ(outcome("\xef\xbb\xbf"
                    "a: 1\r\nb: [x, y]\r\n"),
            R"(accepted: {"a": 1, "b": ["x", "y"]})");
  EXPECT_EQ(outcome("---\na: 1\n...\n"), R"(accepted: {"a": 1})");
  EXPECT_EQ(outcome("{\"a\": [1, 2], \"b\":{\"c\":true}}"),
            R"(accepted: {"a": [1, 2], "b": {"c": true}})");
  EXPECT_EQ(outcome("a: &x [1, 2]\nb: *x\n"), R"(accepted: {"a": [1, 2], "b": [1, 2]})");
  EXPECT_EQ(outcome("a: |\n  x\n  \ty\nb: >\n  p\n  q\n"),
            "FILE:3:3: a tab is used for indentation; use spaces");
  EXPECT_EQ(outcome("a: |\n  x\n  y\nb: >\n  p\n  q\n"),
            R"(accepted: {"a": "x\ny\n", "b": "p q\n"})");
  EXPECT_EQ(outcome("a: 1\t# a tab before a comment\n\t\n"), R"(accepted: {"a": 1})");
  EXPECT_EQ(
      outcome(
          "? a\n: 1\n\"b\" : 2\n&k f: {g: 1,\"h\": 2, \"i\":3}\nv: {t: x,\n  y: \"z\n   w\"}\n"),
      R"(accepted: {"a": 1, "b": 2, "f": {"g": 1, "h": 2, "i": 3}, "v": {"t": "x", "y": "z w"}})");
}

TEST(Yaml, MarksPointAtValuesAndKeys) {
  const Node root = parse_yaml("world:\n  ä: {b: 1, c: [x, y]}\n", "f.yaml");
  EXPECT_EQ(at_path(root, "world.ä.c.1")->mark().text(), "f.yaml:2:20");
  EXPECT_EQ(at_path(root, "world")->entries()[0].key_mark.text(), "f.yaml:2:3");
  EXPECT_EQ(root.find("world")->mark().text(), "f.yaml:2:3");
}

double seconds_of(const std::string& text, std::string* message) {
  const auto begin = std::chrono::steady_clock::now();
  *message = outcome(text);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

TEST(Yaml, EnormousInputIsRefusedQuickly) {
  std::string message;
  EXPECT_LT(seconds_of(std::string((16u << 20) + 1, 'a'), &message), 5);
  EXPECT_EQ(message, "FILE:1:1: 16777217 bytes is more than the 16 MiB a configuration may have");
  std::string many;
  while (many.size() < (15u << 20)) many += "- 1\n";
  EXPECT_LT(seconds_of(many, &message), 20);
  EXPECT_EQ(message, "FILE:200000:3: more than 200000 values after aliases are expanded");
  EXPECT_LT(seconds_of(std::string(15u << 20, '['), &message), 5);
  EXPECT_EQ(message, "FILE:1:1001: nested deeper than 64 levels");
  EXPECT_LT(seconds_of("a: \"" + std::string(8u << 20, 'x'), &message), 60);
  EXPECT_EQ(message, "FILE:1:8388613: not valid YAML: a quoted text is never closed");
}

TEST(Yaml, LoadReportsWhatCannotBeRead) {
  const Folder folder("load");
  EXPECT_EQ(load_outcome(folder.text() + "/none.yaml"), folder.text() + "/none.yaml: no such file");
  EXPECT_EQ(load_outcome(folder.text()), folder.text() + ": this is a folder, not a file");
  EXPECT_EQ(load_outcome("/dev/null"), "/dev/null: this is not a regular file");
  const fs::path big = folder.write("big.yaml", "");
  fs::resize_file(big, std::uintmax_t{1} << 34);
  EXPECT_EQ(load_outcome(big), big.string() +
                                   ": 17179869184 bytes is more than the 16 MiB a configuration "
                                   "may have");
}

TEST(Yaml, IncludesMergeAndKeepPositions) {
  const Folder folder("include");
  folder.write("base.yaml", "policy: {type: tabular, hidden: 3}\nseeds: 1\n");
  folder.write("more.yaml", "seeds: 2\n");
  const fs::path top =
      folder.write("top.yaml", "include: [base.yaml, more.yaml]\npolicy: {type: log_linear}\n");
  const Node root = load_yaml(top);
  EXPECT_EQ(to_json(root), R"({"policy": {"type": "log_linear", "hidden": 3}, "seeds": 2})");
  EXPECT_EQ(at_path(root, "policy.hidden")->mark().text(), folder.text() + "/base.yaml:1:33");
  EXPECT_EQ(at_path(root, "policy.type")->mark().text(), top.string() + ":2:16");
}

TEST(Yaml, AnyMappingMayInclude) {
  const Folder folder("include_inner");
  folder.write("rule.yaml", "world: {type: rule, flip: 1}\nsteps: 3\n");
  const fs::path top = folder.write(
      "top.yaml", "a: &shared {b: [1, {include: rule.yaml, steps: 4}]}\nc: *shared\nd: {e: 1}\n");
  const Node root = load_yaml(top);
  EXPECT_EQ(to_json(*root.find("a")),
            R"({"b": [1, {"world": {"type": "rule", "flip": 1}, "steps": 4}]})");
  EXPECT_EQ(to_json(*root.find("c")), to_json(*root.find("a")));
  EXPECT_EQ(to_json(*root.find("d")), R"({"e": 1})");
  EXPECT_EQ(at_path(root, "a.b.1.world.flip")->mark().text(), folder.text() + "/rule.yaml:1:27");
  EXPECT_EQ(load_outcome(folder.write("deep.yaml", "a: [{include: none.yaml}]\n")),
            folder.text() + "/deep.yaml:1:15: include: cannot read \"" + folder.text() +
                "/none.yaml\": no such file");
}

TEST(Yaml, IncludeProblems) {
  const Folder folder("include_bad");
  const std::string at = folder.text();
  folder.write("loop_a.yaml", "include: loop_b.yaml\n");
  folder.write("loop_b.yaml", "x: 1\ninclude: loop_a.yaml\n");
  EXPECT_EQ(load_outcome(at + "/loop_a.yaml"), at + "/loop_b.yaml:2:10: include: \"" + at +
                                                   "/loop_a.yaml\" includes itself: an endless "
                                                   "loop");
  EXPECT_EQ(load_outcome(folder.write("gone.yaml", "a: 1\ninclude: x.yaml\n")),
            at + "/gone.yaml:2:10: include: cannot read \"" + at + "/x.yaml\": no such file");
  EXPECT_EQ(load_outcome(folder.write("odd.yaml", "include: {a: 1}\n")),
            at +
                "/odd.yaml:1:10: include: expected the name of a file or a list of such names, got "
                "a mapping");
  folder.write("list.yaml", "- 1\n");
  EXPECT_EQ(load_outcome(folder.write("lists.yaml", "include: list.yaml\n")),
            at + "/lists.yaml:1:10: include: \"list.yaml\" holds a list, expected a mapping");
  folder.write("broken.yaml", "a: [1\n");
  EXPECT_EQ(load_outcome(folder.write("breaks.yaml", "include: broken.yaml\n")),
            at + "/broken.yaml:2:1: not valid YAML: a [ is never closed, or a comma is missing");
  folder.write("wide.yaml", "a: 1\n");
  std::string names;
  for (int i = 0; i < 101; ++i) names += "wide.yaml, ";
  EXPECT_NE(load_outcome(folder.write("wides.yaml", "include: [" + names + "]\n"))
                .find("include: more than 100 files are included"),
            std::string::npos);
}

TEST(Yaml, ParseValueReadsAnyValue) {
  EXPECT_EQ(to_json(parse_value("0.5", "--set a=0.5")), "0.5");
  EXPECT_EQ(to_json(parse_value("{type: sft, b: [1, x]}", "--set")),
            R"({"type": "sft", "b": [1, "x"]})");
  EXPECT_EQ(to_json(parse_value("", "--set a=")), "null");
  try {
    parse_value("[1", "--set a=[1");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(
        error.what(),
        "--set a=[1: a key must be text, here it is a list or mapping (or a bracket is never "
        "closed)");
  }
}

}  // namespace
}  // namespace tightrope
