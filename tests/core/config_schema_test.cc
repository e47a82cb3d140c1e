// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <limits>

#include "core/config/schema.h"
#include "core/config/yaml.h"

namespace tightrope {
namespace {

struct Base {
  bool thinking = true;
};

struct Params : Base {
  double beta = 0.1;
  int batch = 32;
  std::int64_t cases = 1000;
  std::string link = "sigmoid";
  std::string name;
  std::optional<double> clip;
  std::optional<std::int64_t> limit = 7;
  std::optional<std::string> tag;
  std::vector<double> weights = {0.5, 0.5};
  std::vector<std::int64_t> layers;
  std::vector<std::string> terms;
  Node rest;
};

Schema<Params> make_schema() {
  Schema<Params> s;
  s.field("beta", &Params::beta,
          {.unit = "nat", .range = greater_than(0), .help = "strength", .per_lane = true});
  s.field("batch", &Params::batch, {.unit = "case", .range = at_least(1), .help = "cases"});
  s.field("cases", &Params::cases, {.unit = "1", .help = "size of the set"});
  s.field("link", &Params::link, {.help = "link", .choices = {"sigmoid", "hinge", "ipo"}});
  s.field("name", &Params::name, {.help = "what it is called", .required = true});
  s.field("clip", &Params::clip, {.unit = "1", .range = between(0, 10), .help = "norm"});
  s.field("limit", &Params::limit, {.unit = "step", .help = "most steps"});
  s.field("tag", &Params::tag, {.help = "a note"});
  s.field("weights", &Params::weights, {.unit = "1", .range = from_until(0, 1), .help = "shares"});
  s.field("layers", &Params::layers, {.unit = "1", .help = "sizes"});
  s.field("terms", &Params::terms, {.help = "words", .choices = {"kl", "entropy"}});
  s.field("thinking", &Params::thinking, {.help = "with reports"});
  s.field("rest", &Params::rest, {.help = "anything"});
  s.check([](const Params& p) {
    return p.batch > p.cases ? "batch = " + std::to_string(p.batch) + " exceeds cases" : "";
  });
  return s;
}

// The problems of reading `text` at path "x", one per line.
std::string problems_of(const std::string& text) {
  Problems problems;
  make_schema().read(parse_yaml(text, "exp.yaml"), "x", problems);
  std::string all;
  for (const std::string& line : problems.lines()) all += line + "\n";
  return all;
}

TEST(Schema, ReadsEveryType) {
  Problems problems;
  const Params p = make_schema().read(
      parse_yaml("{name: n, beta: 1e-3, batch: 8, cases: 1e6, link: ipo, clip: 2, limit: ~, tag: "
                 "'7', weights: [0, .25], layers: [1, 2], terms: [kl], thinking: false, rest: {a: "
                 "[1]}}",
                 "f"),
      "", problems);
  EXPECT_TRUE(problems.empty()) << problems.lines()[0];
  EXPECT_EQ(p.beta, 1e-3);
  EXPECT_EQ(p.batch, 8);
  EXPECT_EQ(p.cases, 1000000);
  EXPECT_EQ(p.link, "ipo");
  EXPECT_EQ(p.clip, 2.0);
  EXPECT_FALSE(p.limit.has_value());
  EXPECT_EQ(p.tag, "7");
  EXPECT_EQ(p.weights, (std::vector<double>{0, 0.25}));
  EXPECT_EQ(p.layers, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(p.terms, (std::vector<std::string>{"kl"}));
  EXPECT_FALSE(p.thinking);
  EXPECT_EQ(to_json(p.rest), R"({"a": [1]})");
}

TEST(Schema, WrongTypesAndRangesAreReportedTogether) {
  EXPECT_EQ(
      problems_of("name: [a]\n"
                  "beta: fast\n"
                  "batch: 2.5\n"
                  "cases: '7'\n"
                  "link: hing\n"
                  "clip: -1\n"
                  "limit: 99999999999999999999\n"
                  "weights: 0.5\n"
                  "layers: [1, x, 2.0]\n"
                  "terms: [kl, entropi]\n"
                  "thinking: yes\n"
                  "tag: {a: 1}\n"),
      "exp.yaml:1:7: x.name: expected text, got a list\n"
      "exp.yaml:2:7: x.beta: expected a number > 0 (unit: nat), got \"fast\"\n"
      "exp.yaml:3:8: x.batch: expected an integer >= 1 (unit: case), got 2.5\n"
      "exp.yaml:4:8: x.cases: expected an integer, got the text \"7\" (remove the quotes)\n"
      "exp.yaml:5:7: x.link: expected one of sigmoid, hinge, ipo, got \"hing\"; did you mean "
      "\"hinge\"?\n"
      "exp.yaml:6:7: x.clip: expected a number in [0, 10], got -1\n"
      "exp.yaml:7:8: x.limit: expected an integer (unit: step), got 99999999999999999999, which is "
      "too large for this field\n"
      "exp.yaml:8:10: x.weights: expected a list of numbers, each in [0, 1), got 0.5\n"
      "exp.yaml:9:13: x.layers.1: expected an integer, got \"x\"\n"
      "exp.yaml:9:16: x.layers.2: expected an integer, got 2.0\n"
      "exp.yaml:10:13: x.terms.1: expected one of kl, entropy, got \"entropi\"; did you mean "
      "\"entropy\"?\n"
      "exp.yaml:11:11: x.thinking: expected true or false, got \"yes\"\n"
      "exp.yaml:12:6: x.tag: expected text, got a mapping\n");
}

TEST(Schema, RangeEnds) {
  EXPECT_EQ(problems_of("{name: a, beta: 0}"),
            "exp.yaml:1:17: x.beta: expected a number > 0 (unit: nat), got 0\n");
  EXPECT_EQ(problems_of("{name: a, weights: [0, 1]}"),
            "exp.yaml:1:24: x.weights.1: expected a number in [0, 1), got 1\n");
  EXPECT_EQ(problems_of("{name: a, clip: 10}"), "");
  EXPECT_EQ(problems_of("{name: a, beta: }"),
            "exp.yaml:1:17: x.beta: expected a number > 0 (unit: nat), got nothing\n");
  EXPECT_EQ(
      problems_of("{name: a, batch: 3000000000}"),
      "exp.yaml:1:18: x.batch: expected an integer >= 1 (unit: case), got 3000000000, which is "
      "too large for this field\n");
}

TEST(Schema, UnknownKeyNamesTheNearestAndAll) {
  EXPECT_EQ(
      problems_of("name: a\nbtea: 1\n"),
      "exp.yaml:2:1: x.btea: unknown key; did you mean \"beta\"? known keys: beta (number > 0, "
      "nat, "
      "default 0.1), batch (integer >= 1, case, default 32), cases (integer, default 1000), link "
      "(sigmoid | hinge | ipo, default sigmoid), name (text, required), clip (number or null in "
      "[0, 10], default null), limit (integer or null, step, default 7), tag (text or null, "
      "default "
      "null), weights (list of numbers in [0, 1), default [0.5, 0.5]), layers (list of integers, "
      "default []), terms (kl | entropy, default []), thinking (true or false, default true), rest "
      "(any, default null)\n");
  EXPECT_EQ(problems_of("name: a\nzzzzzzzz: 1\n").substr(0, 60),
            "exp.yaml:2:1: x.zzzzzzzz: unknown key; known keys: beta (num");
}

TEST(Schema, MissingRequiredKeyPointsAtTheMapping) {
  EXPECT_EQ(problems_of("# nothing\nbeta: 1\n"),
            "exp.yaml:2:1: x.name: missing; expected text: what it is called\n");
  EXPECT_EQ(problems_of("- 1\n"),
            "exp.yaml:1:1: x: expected a mapping of keys to values, got a "
            "list\n");
}

TEST(Schema, RulesRunAfterAllFieldsWereRead) {
  EXPECT_EQ(problems_of("{name: a, batch: 50, cases: 10}"),
            "exp.yaml:1:1: x: batch = 50 exceeds cases\n");
  EXPECT_EQ(problems_of("{name: a, batch: 50, cases: z}"),
            "exp.yaml:1:29: x.cases: expected an integer, got \"z\"\n");
}

TEST(Schema, IgnoredKeysAreSkipped) {
  Problems problems;
  make_schema().read(parse_yaml("{name: a, type: dpo}", "f"), "", problems, {"type"});
  EXPECT_TRUE(problems.empty());
}

TEST(Schema, ResolvedReadsBackToTheSameValues) {
  const Schema<Params> schema = make_schema();
  Problems problems;
  const Params p =
      schema.read(parse_yaml("{name: '7', beta: .inf, tag: 'null'}", "f"), "", problems);
  const Node values = resolved(schema, p);
  EXPECT_EQ(to_json(values),
            R"({"beta": ".inf", "batch": 32, "cases": 1000, "link": "sigmoid", "name": "7", )"
            R"("clip": null, "limit": 7, "tag": "null", "weights": [0.5, 0.5], "layers": [], )"
            R"("terms": [], "thinking": true, "rest": null})");
  const Params again = schema.read(parse_yaml(to_yaml(values), "g"), "", problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(to_json(resolved(schema, again)), to_json(values));
}

struct Bad {
  double a = -1;
  double b = std::numeric_limits<double>::quiet_NaN();
  std::string c = "x";
};

TEST(Schema, DefectsOfADeclaration) {
  Schema<Bad> s;
  s.field("a", &Bad::a, {.range = at_least(0), .help = "h"});
  s.field("b", &Bad::b, {.unit = "1", .help = ""});
  s.field("c", &Bad::c, {.help = "h", .choices = {"y"}});
  s.field("c", &Bad::c, {.help = "h"});
  EXPECT_EQ(s.defects(), (std::vector<std::string>{
                             "field \"a\": the unit is missing (\"1\" for dimensionless)",
                             "field \"a\": its own default: expected a number >= 0, got -1",
                             "field \"b\": the help is empty",
                             "field \"b\": its own default: expected a number, got \".nan\"",
                             "field \"c\": its own default: expected one of y, got \"x\"",
                             "field \"c\": declared twice"}));
  EXPECT_TRUE(make_schema().defects().empty());
}

TEST(Range, Text) {
  EXPECT_EQ(any_number().text(), "any");
  EXPECT_EQ(at_least(0).text(), ">= 0");
  EXPECT_EQ(greater_than(0).text(), "> 0");
  EXPECT_EQ(at_most(1).text(), "<= 1");
  EXPECT_EQ(between(0, 1).text(), "in [0, 1]");
  EXPECT_EQ(between_open(0, 0.5).text(), "in (0, 0.5)");
  EXPECT_EQ(from_until(-1, 1).text(), "in [-1, 1)");
}

TEST(Problems, LongValuesAreCutAtACharacter) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "\xc3\xa4";
  text.insert(0, "x");
  EXPECT_LT(shown_text(text).size(), 70u);
  EXPECT_NO_THROW(parse_yaml(shown_text(text).substr(0, shown_text(text).size() - 3), "f"));
  EXPECT_EQ(shown_text("a\nb"), "\"a\\nb\"");
}

}  // namespace
}  // namespace tightrope
