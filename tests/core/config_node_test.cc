// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/config/node.h"
#include "core/config/yaml.h"

namespace tightrope {
namespace {

Node tree(const std::string& text) { return parse_yaml(text, "FILE"); }

TEST(Node, ReadsNumbersStrictly) {
  const auto number = [](const char* text) { return Node::scalar(text).as_number(); };
  EXPECT_EQ(number("1"), 1.0);
  EXPECT_EQ(number("-0.5"), -0.5);
  EXPECT_EQ(number("+2"), 2.0);
  EXPECT_EQ(number(".5"), 0.5);
  EXPECT_EQ(number("5."), 5.0);
  EXPECT_EQ(number("3e-4"), 3e-4);
  EXPECT_EQ(number("1E+3"), 1000.0);
  EXPECT_EQ(number("0.1"), 0.1);
  EXPECT_EQ(number("1e-400"), 0.0);
  EXPECT_EQ(number(".inf"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(number("-.inf"), -std::numeric_limits<double>::infinity());
  for (const char* bad :
       {"",    ".",   "-",    "fast", "017", "00.5", "0x10",  "1_000", "1e",    "1e400",
        "inf", "nan", ".nan", "1 ",   " 1",  "1,5",  "1e3.5", "--1",   "1e+-3", "e5"}) {
    EXPECT_FALSE(number(bad).has_value()) << bad;
  }
  EXPECT_FALSE(Node::scalar("7", true).as_number().has_value()) << "a quoted number is text";
}

TEST(Node, ReadsIntegersStrictly) {
  const auto integer = [](const char* text) { return Node::scalar(text).as_integer(); };
  EXPECT_EQ(integer("0"), 0);
  EXPECT_EQ(integer("-12"), -12);
  EXPECT_EQ(integer("1e3"), 1000);
  EXPECT_EQ(integer("1.5e2"), 150);
  EXPECT_EQ(integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  for (const char* bad :
       {"3.0", "1.5e0", "1e-1", "017", "0x10", "9223372036854775808", "1e30", "", "yes", "1_0"}) {
    EXPECT_FALSE(integer(bad).has_value()) << bad;
  }
}

TEST(Node, BooleansAreTrueAndFalseAlone) {
  EXPECT_EQ(Node::scalar("true").as_boolean(), true);
  EXPECT_EQ(Node::scalar("false").as_boolean(), false);
  for (const char* bad : {"yes", "no", "on", "off", "y", "True", "TRUE", "1", "0"}) {
    EXPECT_FALSE(Node::scalar(bad).as_boolean().has_value()) << bad;
  }
  EXPECT_FALSE(Node::scalar("true", true).as_boolean().has_value());
}

TEST(Node, WithValueReplacesAndCreates) {
  const Node base = tree("a: {b: [1, 2]}\nc: ~\n");
  EXPECT_EQ(to_json(with_value(base, "a.b.1", Node::scalar("9"))),
            R"({"a": {"b": [1, 9]}, "c": null})");
  EXPECT_EQ(to_json(with_value(base, "c.d.e", Node::scalar("x"))),
            R"({"a": {"b": [1, 2]}, "c": {"d": {"e": "x"}}})");
  EXPECT_EQ(to_json(with_value(base, "new", Node())),
            R"({"a": {"b": [1, 2]}, "c": null, "new": null})");
  EXPECT_EQ(to_json(base), R"({"a": {"b": [1, 2]}, "c": null})") << "nothing changes in place";
}

std::string failure(const Node& base, const char* path) {
  try {
    with_value(base, path, Node());
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Node, WithValueRefusesWrongPaths) {
  const Node base = tree("a: {b: [1, 2]}\nc: x\n");
  EXPECT_EQ(failure(base, "a.b.2"), "a.b.2: index 2 is past the end of a list of 2");
  EXPECT_EQ(failure(base, "a.b.x"), "a.b.x: \"x\" must be an index, because a list stands there");
  EXPECT_EQ(failure(base, "c.d"), "c.d: \"d\" cannot be a key of the value \"x\"");
  EXPECT_EQ(failure(base, "a..b"), "a..b: empty segment in a path of keys");
  EXPECT_EQ(failure(base, "a."), "a.: empty segment in a path of keys");
}

TEST(Node, AtPathFindsOrGivesNull) {
  const Node base = tree("a: {b: [1, {c: 5}]}\n");
  ASSERT_NE(at_path(base, "a.b.1.c"), nullptr);
  EXPECT_EQ(at_path(base, "a.b.1.c")->text(), "5");
  EXPECT_EQ(at_path(base, "a.b.2"), nullptr);
  EXPECT_EQ(at_path(base, "a.x"), nullptr);
  EXPECT_EQ(at_path(base, "a.b.1.c.d"), nullptr);
}

TEST(Node, MergedGoesKeyByKey) {
  const Node result =
      merged(tree("a: {x: 1, y: 2}\nb: [1, 2]\n"), tree("a: {y: 3}\nb: [4]\nc: 5\n"));
  EXPECT_EQ(to_json(result), R"({"a": {"x": 1, "y": 3}, "b": [4], "c": 5})");
}

TEST(Node, JsonKeepsNumbersAsWritten) {
  EXPECT_EQ(to_json(tree("[1, 1.50, 3e-4, .5, 5., +1, true, '7', yes, .inf, \"a\\n\\\"\"]")),
            R"([1, 1.50, 3e-4, 0.5, 5, 1, true, "7", "yes", ".inf", "a\n\""])");
}

TEST(Node, YamlGolden) {
  const Node value = tree("a: {b: [1, [2, {c: d}], {}, []], e: ''}\n'no': \"x: y\"\nn: ~\n");
  EXPECT_EQ(to_yaml(value),
            "a:\n  b:\n    - 1\n    -\n      - 2\n      - c: d\n    - {}\n    - []\n  e: \"\"\n"
            "no: \"x: y\"\nn: null\n");
}

TEST(Node, TextNodeQuotesWhatWouldChangeType) {
  for (const char* text : {"7", "1e3", "true", "null", "~", "", ".inf"}) {
    EXPECT_TRUE(text_node(text).quoted()) << text;
  }
  EXPECT_FALSE(text_node("sudden").quoted());
  EXPECT_FALSE(text_node("yes").quoted()) << "yes is text here";
}

TEST(Mark, Text) {
  const Node value = tree("a:\n  b: 1\n");
  EXPECT_EQ(at_path(value, "a.b")->mark().text(), "FILE:2:6");
  EXPECT_EQ(parse_value("3", "--set a=3").mark().text(), "--set a=3");
  EXPECT_EQ(Mark().text(), "");
}

}  // namespace
}  // namespace tightrope
