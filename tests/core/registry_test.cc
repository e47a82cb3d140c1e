// SPDX-License-Identifier: Apache-2.0
#include "core/registry/registry.h"

#include <gtest/gtest.h>

#include "core/base/check.h"
#include "core/config/yaml.h"

namespace tightrope {
namespace {

struct Shape {
  virtual ~Shape() = default;
  virtual double area() const = 0;
};
struct Flawed {
  virtual ~Flawed() = default;
};

}  // namespace

template <>
struct InterfaceName<Shape> {
  static constexpr auto value = "shape";
};
template <>
struct InterfaceName<Flawed> {
  static constexpr auto value = "flawed";
};

namespace {

class Square : public Shape {
 public:
  struct Params {
    double side = 1;
  };
  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("side", &Params::side, {.unit = "cm", .range = greater_than(0), .help = "length"});
    return s;
  }
  explicit Square(Params params) : params_(params) {
    TR_REQUIRE(params.side != 13, "side = 13 brings bad luck");
  }
  double area() const override { return params_.side * params_.side; }

 private:
  Params params_;
};
TR_REGISTER(Shape, Square, "square", "four equal sides", "ours");

class Blob : public Shape {
 public:
  struct Params {};
  static Schema<Params> schema() { return {}; }
  explicit Blob(Params) {}
  double area() const override { return 7; }
};
TR_REGISTER(Shape, Blob, "blob", "no sides", "ours");

template <int kNumber>
class Defective : public Flawed {
 public:
  struct Params {
    int n = 0;
  };
  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("n", &Params::n, {.unit = "1", .range = at_least(1), .help = ""});
    return s;
  }
  explicit Defective(Params) {}
};
using First = Defective<1>;
using Second = Defective<2>;
TR_REGISTER(Flawed, First, "same", "first", "ours");
TR_REGISTER(Flawed, Second, "same", "", "ours");

const Registry<Shape>& shapes() { return Registry<Shape>::get(); }

std::string problems_of(const std::string& text) {
  Problems problems;
  const Node root = parse_yaml(text, "exp.yaml");
  EXPECT_EQ(shapes().build(*root.find("shape"), "shape", problems), nullptr);
  std::string all;
  for (const std::string& line : problems.lines()) all += line + "\n";
  return all;
}

TEST(Registry, BuildsFromMappingAndBareName) {
  Problems problems;
  const auto square = shapes().build(parse_yaml("{type: square, side: 3}", "f"), "x", problems);
  ASSERT_NE(square, nullptr);
  EXPECT_EQ(square->area(), 9);
  const auto blob = shapes().build(parse_yaml("blob", "f"), "x", problems);
  ASSERT_NE(blob, nullptr);
  EXPECT_EQ(blob->area(), 7);
  EXPECT_TRUE(problems.empty());
}

TEST(Registry, ResolveFillsInDefaults) {
  Problems problems;
  EXPECT_EQ(to_json(shapes().resolve(parse_yaml("square", "f"), "x", problems)),
            R"({"type": "square", "side": 1})");
  EXPECT_EQ(to_json(shapes().resolve(parse_yaml("{side: 2, type: square}", "f"), "x", problems)),
            R"({"type": "square", "side": 2})");
}

TEST(Registry, UnknownNames) {
  EXPECT_EQ(problems_of("shape: sqare\n"),
            "exp.yaml:1:8: shape: unknown shape \"sqare\"; did you mean \"square\"? known: blob, "
            "square\n");
  EXPECT_EQ(problems_of("shape: {side: 1, type: hexagon}\n"),
            "exp.yaml:1:24: shape.type: unknown shape \"hexagon\"; known: blob, "
            "square\n");
  EXPECT_EQ(problems_of("shape:\n  side: 1\n"),
            "exp.yaml:2:3: shape.type: missing; expected the name of a shape; known: blob, "
            "square\n");
  EXPECT_EQ(problems_of("shape: {type: [square]}\n"),
            "exp.yaml:1:15: shape.type: expected the name of a shape, got a list; known: blob, "
            "square\n");
  EXPECT_EQ(problems_of("shape: [square]\n"),
            "exp.yaml:1:8: shape: expected {type: NAME, ...} or the name of a shape, got a list; "
            "known: blob, square\n");
  EXPECT_EQ(problems_of("shape:\n"),
            "exp.yaml:1:1: shape: expected {type: NAME, ...} or the name of a shape, got nothing; "
            "known: blob, square\n");
}

TEST(Registry, BadParameters) {
  EXPECT_EQ(
      problems_of("shape: {type: square, side: 0, sied: 1}\n"),
      "exp.yaml:1:29: shape.side: expected a number > 0 (unit: cm), got 0\n"
      "exp.yaml:1:32: shape.sied: unknown key; did you mean \"side\"? known keys: type (which "
      "component), side (number > 0, cm, default 1)\n");
  EXPECT_EQ(problems_of("shape: {type: blob, x: 0}\n"),
            "exp.yaml:1:21: shape.x: unknown key; known keys: type (which component)\n");
  EXPECT_EQ(problems_of("shape: {type: square, side: 13}\n"),
            "exp.yaml:1:8: shape: side = 13 brings bad luck\n");
}

TEST(Registry, ListsComponentsInOrder) {
  EXPECT_EQ(shapes().names(), (std::vector<std::string>{"blob", "square"}));
  std::vector<std::string> found;
  for (const ComponentInfo& info : all_components()) {
    if (info.kind != "shape") continue;
    found.push_back(info.name + " " + info.file + " " + std::to_string(info.fields.size()));
  }
  EXPECT_EQ(found, (std::vector<std::string>{"blob tests/core/registry_test.cc 0",
                                             "square tests/core/registry_test.cc 1"}));
}

TEST(Registry, DefectsAreReportedAtTheFirstLookup) {
  Problems problems;
  const auto message = [](const auto& call) -> std::string {
    try {
      call();
    } catch (const InternalError& error) {
      return error.what();
    }
    return "";
  };
  const std::string expected =
      "defective registrations:\n"
      "flawed same (tests/core/registry_test.cc): field \"n\": the help is empty\n"
      "flawed same (tests/core/registry_test.cc): field \"n\": its own default: expected an "
      "integer "
      ">= 1, got 0\n"
      "flawed same (tests/core/registry_test.cc): the summary is empty\n"
      "flawed same (tests/core/registry_test.cc): field \"n\": the help is empty\n"
      "flawed same (tests/core/registry_test.cc): field \"n\": its own default: expected an "
      "integer "
      ">= 1, got 0\n"
      "flawed same (tests/core/registry_test.cc): the name is taken by "
      "tests/core/registry_test.cc";
  EXPECT_EQ(message([&] { Registry<Flawed>::get().build(Node::scalar("same"), "x", problems); }),
            expected);
  EXPECT_EQ(message([] { check_registrations(); }), expected);
}

}  // namespace
}  // namespace tightrope
