// SPDX-License-Identifier: Apache-2.0
#include "core/config/sweep.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <numeric>
#include <set>

#include "core/config/override.h"
#include "core/config/seeds.h"
#include "core/config/yaml.h"

namespace tightrope {
namespace {

std::string all_lines(const Problems& problems) {
  std::string all;
  for (const std::string& line : problems.lines()) all += line + "\n";
  return all;
}

std::vector<SweepPoint> points_of(const std::string& text) {
  Problems problems;
  auto points = expand_sweep(parse_yaml(text, "f"), problems);
  EXPECT_TRUE(problems.empty()) << all_lines(problems);
  return points;
}

// "arm: path=value path=value" per point.
std::vector<std::string> shapes_of(const std::string& text) {
  std::vector<std::string> shapes;
  for (const SweepPoint& point : points_of(text)) {
    std::string shape;
    for (const auto& [name, value] : point.labels) shape += name + "=" + value + ":";
    for (const auto& [path, value] : point.overrides) {
      shape += (shape.empty() ? "" : " ") + path + "=" + to_json(value);
    }
    shapes.push_back(shape);
  }
  return shapes;
}

std::string problems_of(const std::string& text) {
  Problems problems;
  EXPECT_TRUE(expand_sweep(parse_yaml(text, "f"), problems).empty());
  return all_lines(problems);
}

using Shapes = std::vector<std::string>;

TEST(Sweep, NothingIsOnePointThatChangesNothing) { EXPECT_EQ(shapes_of(""), Shapes{""}); }

TEST(Sweep, MembersCombineByProduct) {
  EXPECT_EQ(shapes_of("grid: {a: [1, 2], b.c: [x, y]}"),
            (Shapes{"a=1 b.c=\"x\"", "a=1 b.c=\"y\"", "a=2 b.c=\"x\"", "a=2 b.c=\"y\""}));
  EXPECT_EQ(shapes_of("{grid: {a: [1, 2]}, zip: {b: [3, 4], c: [5, 6]}}"),
            (Shapes{"a=1 b=3 c=5", "a=1 b=4 c=6", "a=2 b=3 c=5", "a=2 b=4 c=6"}));
  EXPECT_EQ(shapes_of("{arms: {p: {a: {type: x}}, q: {}}, list: [{b: 1, c: 2}, {b: 3}]}"),
            (Shapes{"arm=p: a={\"type\": \"x\"} b=1 c=2", "arm=p: a={\"type\": \"x\"} b=3",
                    "arm=q: b=1 c=2", "arm=q: b=3"}));
  EXPECT_EQ(
      points_of("{arms: {p: {a: 1}, q: {a: 2}}, grid: {b: [1, 2, 3]}, zip: {c: [1, 2]}, list: "
                "[{d: 1}, {d: 2}], random: {count: 5, seed: 1, over: {e: {uniform: [0, 1]}}}}")
          .size(),
      2u * 3 * 2 * 2 * 5);
}

TEST(Sweep, SetHoldsForEveryPoint) {
  EXPECT_EQ(shapes_of("{grid: {a: [1, 2]}, set: {b.c: 3}}"), (Shapes{"b.c=3 a=1", "b.c=3 a=2"}));
  EXPECT_EQ(problems_of("{grid: {a: [1, 2]}, set: {a: 3}}"),
            "f:1:9: sweep.grid: a is already set by set of the same block\n");
  EXPECT_EQ(problems_of("{grid: {a: [1, 2]}, set: {}}"),
            "f:1:26: sweep.set: expected {path: value, ...}, got no entries\n");
}

TEST(Sweep, BlocksConcatenate) {
  EXPECT_EQ(shapes_of("- {grid: {a: [1, 2]}}\n- {arms: {p: {a: 3}}}\n"),
            (Shapes{"a=1", "a=2", "arm=p: a=3"}));
}

TEST(Sweep, Filters) {
  const auto kept = [](const std::string& when) {
    std::string text;
    for (const std::string& shape :
         shapes_of("{grid: {a: [1, 2, 3], b: [x, y]}, when: \"" + when + "\"}")) {
      text += shape.substr(2, 1) + shape.substr(shape.size() - 2, 1) + " ";
    }
    return text;
  };
  EXPECT_EQ(kept("a == 1"), "1x 1y ");
  EXPECT_EQ(kept("a == 1.0"), "1x 1y ");
  EXPECT_EQ(kept("a != 1 and b == x"), "2x 3x ");
  EXPECT_EQ(kept("a < 2 or a >= 3"), "1x 1y 3x 3y ");
  EXPECT_EQ(kept("a <= 2 and not b == 'x'"), "1y 2y ");
  EXPECT_EQ(kept("not (a > 1 and b == x)"), "1x 1y 2y 3y ");
  EXPECT_EQ(kept("a in [1, 3] and b in [y]"), "1y 3y ");
  EXPECT_EQ(kept("a not in [1, 3]"), "2x 2y ");
  EXPECT_EQ(kept("a == 1 or a == 2 and b == y"), "1x 1y 2y ") << "and binds tighter than or";
  EXPECT_EQ(kept("not not a == 3"), "3x 3y ");
}

TEST(Sweep, FiltersSeeArmsAndKeysInsideOfValues) {
  const std::string block =
      "arms: {p: {o: {type: cpo}}, q: {o: {type: dpo}}, r: {x: 1}}\ngrid: {s: [1, 2]}\n";
  EXPECT_EQ(shapes_of(block + "when: arm == p and s < 2\n"),
            (Shapes{"arm=p: o={\"type\": \"cpo\"} s=1"}));
  EXPECT_EQ(shapes_of(block + "when: [o.type == dpo, s == 2]\n"),
            (Shapes{"arm=q: o={\"type\": \"dpo\"} s=2"}));
  EXPECT_EQ(shapes_of(block + "when: o.type != dpo and s == 1\n"),
            (Shapes{"arm=p: o={\"type\": \"cpo\"} s=1", "arm=r: x=1 s=1"}))
      << "what a point does not set is unequal to everything";
  EXPECT_EQ(shapes_of(block + "exclude: [{arm: p}, {arm: q, s: 2}, {x: 1}]\n"),
            (Shapes{"arm=q: o={\"type\": \"dpo\"} s=1"}));
  EXPECT_EQ(shapes_of("{grid: {a: [1, 2], b: [1, 2]}, when: a < b}"), (Shapes{"a=1 b=2"}));
}

TEST(Sweep, RandomDrawsAreRepeatableAndIndependentOfOtherPaths) {
  const std::string law = "a: {log_uniform: [1e-3, 1]}, b: {integer: [1, 6]}";
  const auto one = shapes_of("random: {count: 5, seed: 3, over: {" + law + "}}");
  EXPECT_EQ(one, shapes_of("random: {count: 5, seed: 3, over: {" + law + "}}"));
  EXPECT_NE(one, shapes_of("random: {count: 5, seed: 4, over: {" + law + "}}"));
  const auto more =
      shapes_of("random: {count: 7, seed: 3, over: {" + law + ", c: {uniform: [0, 1]}}}");
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(more[i].starts_with(one[i])) << i;
}

TEST(Sweep, RandomLaws) {
  double sum = 0;
  double log_sum = 0;
  std::map<std::string, int> choices;
  std::map<std::int64_t, int> integers;
  const auto points = points_of(
      "random: {count: 20000, seed: 1, over: {u: {uniform: [2, 4]}, l: {log_uniform: "
      "[1e-4, 1]}, c: {choice: [x, [1, 2]]}, i: {integer: [-1, 1]}}}");
  for (const SweepPoint& point : points) {
    const double u = *point.find("u")->as_number();
    const double l = *point.find("l")->as_number();
    EXPECT_TRUE(u >= 2 && u <= 4 && l >= 1e-4 && l <= 1);
    sum += u;
    log_sum += std::log10(l);
    ++choices[to_json(*point.find("c"))];
    ++integers[*point.find("i")->as_integer()];
  }
  // Tolerances are five standard errors.
  EXPECT_NEAR(sum / 20000, 3, 5 * 2 / std::sqrt(12.0 * 20000));
  EXPECT_NEAR(log_sum / 20000, -2, 5 * 4 / std::sqrt(12.0 * 20000));
  EXPECT_EQ(choices.size(), 2u);
  EXPECT_NEAR(choices["\"x\""], 10000, 5 * std::sqrt(20000 * 0.25));
  EXPECT_EQ(integers.size(), 3u);
  for (const auto& [value, count] : integers) {
    EXPECT_NEAR(count, 20000 / 3.0, 5 * std::sqrt(20000 * 2 / 9.0)) << value;
  }
}

TEST(Sweep, ProblemMessages) {
  EXPECT_EQ(problems_of("gird: {a: [1]}\ngrid: {b: [1]}\n"),
            "f:1:1: sweep.gird: unknown key; did you mean \"grid\"? known keys: arms, grid, zip, "
            "list, random, when, exclude, set\n");
  EXPECT_EQ(problems_of("when: a == 1\n"),
            "f:1:1: sweep: nothing to sweep; expected at least one of arms, grid, zip, list, "
            "random\n");
  EXPECT_EQ(problems_of("- 3\n"),
            "f:1:3: sweep.0: expected a mapping with any of arms, grid, zip, list, random, when, "
            "exclude, set, got 3\n");
  EXPECT_EQ(problems_of("grid: {a: 1, b: []}\n"),
            "f:1:11: sweep.grid.a: expected a list of values, got 1\n"
            "f:1:17: sweep.grid.b: expected a list of values, got an empty list\n");
  EXPECT_EQ(
      problems_of("grid: {a..b: [1]}\n"),
      "f:1:8: sweep.grid: expected a path of keys such as rft.optimizer.beta, got \"a..b\"\n");
  EXPECT_EQ(problems_of("zip: {a: [1, 2], b: [1]}\n"),
            "f:1:21: sweep.zip.b: lists of a zip must have equal lengths: 1 values here, 2 in a\n");
  EXPECT_EQ(problems_of("list: {a: 1}\n"),
            "f:1:7: sweep.list: expected [{path: value, ...}, ...], got a mapping\n");
  EXPECT_EQ(problems_of("list: [{a: 1}, b]\n"),
            "f:1:16: sweep.list.1: expected a mapping of paths of keys to values, got \"b\"\n");
  EXPECT_EQ(problems_of("arms: {}\n"),
            "f:1:7: sweep.arms: expected {name: {path: value, ...}, ...}, got no entries\n");
  EXPECT_EQ(problems_of("{grid: {a: [1]}, list: [{a: 2}]}\n"),
            "f:1:24: sweep.list: a is already set by grid of the same block\n");
  EXPECT_EQ(problems_of("{grid: {a.b: [1]}, list: [{a: 2}]}\n"),
            "f:1:26: sweep.list: a is already set by grid of the same block, as a.b\n");
  EXPECT_EQ(problems_of("{grid: {a: [1]}, when: a > 1}\n"),
            "f:1:1: sweep: no point of this block passes its filters\n");
  std::string values = "0";
  for (int i = 1; i < 1001; ++i) values += ", " + std::to_string(i);
  EXPECT_EQ(problems_of("grid: {a: [" + values + "], b: [" + values + "]}"),
            "f:1:1: sweep: 1002001 points are more than the 1000000 a sweep may have\n");
}

TEST(Sweep, FilterMessages) {
  const auto message = [](const std::string& when) {
    const std::string all = problems_of("grid: {alpha: [1, 2]}\nwhen: \"" + when + "\"\n");
    const std::string head = "f:2:7: sweep.when: \"" + when + "\": ";
    EXPECT_TRUE(all.starts_with(head)) << all;
    return all.substr(std::min(head.size(), all.size()));
  };
  EXPECT_EQ(
      message("alpah == 1"),
      "character 1: unknown sweep parameter \"alpah\"; did you mean \"alpha\"? known: alpha\n");
  EXPECT_EQ(message("alpha = 1"), "character 7: expected \"==\", got \"=\"\n");
  EXPECT_EQ(message("alpha == "), "character 10: expected a value, got the end\n");
  EXPECT_EQ(message("alpha"), "character 6: expected one of == != < <= > >= in, got the end\n");
  EXPECT_EQ(message("(alpha == 1"), "character 12: expected \")\", got the end\n");
  EXPECT_EQ(message("alpha == 1 alpha == 2"),
            "character 12: expected \"and\", \"or\" or the end, got \"alpha\"\n");
  EXPECT_EQ(message("alpha < x"), "character 9: \"<\" needs a number, got \"x\"\n");
  EXPECT_EQ(message("alpha in 1"), "character 10: expected \"[\", got \"1\"\n");
  EXPECT_EQ(message("alpha in [1, 2"), "character 15: expected \",\" or \"]\", got the end\n");
  EXPECT_EQ(message("alpha == 'x"), "character 10: a quote is never closed\n");
  EXPECT_EQ(message("alpha & 1"), "character 7: unexpected \"&\"\n");
  // No deep recursion either.
  EXPECT_TRUE(problems_of("grid: {a: [1]}\nwhen: \"" + std::string(9999, '(') + "\"\n")
                  .ends_with("character 51: nested too deeply, got \"(\"\n"));
}

TEST(Sweep, RandomMessages) {
  EXPECT_EQ(
      problems_of("random: {count: 0, seed: 1, over: {a: {uniform: [0, 1]}}}\n"),
      "f:1:17: sweep.random.count: expected an integer in [1, 1000000] (unit: point), got 0\n");
  EXPECT_EQ(problems_of("random: {count: 2, seed: 1, over: {a: {unifrom: [0, 1]}}}\n"),
            "f:1:40: sweep.random.over.a.unifrom: unknown law; did you mean \"uniform\"? expected "
            "{uniform: [a, b]}, {log_uniform: [a, b]}, {integer: [a, b]} or {choice: [values]}\n");
  EXPECT_EQ(problems_of("random: {count: 2, seed: 1, over: {a: {uniform: [1, 0]}, b: {log_uniform: "
                        "[0, 1]}, c: {integer: [1, 2.5]}, d: 3}}\n"),
            "f:1:49: sweep.random.over.a.uniform: expected [a, b] with a < b, got [1, 0]\n"
            "f:1:75: sweep.random.over.b.log_uniform: expected [a, b] with 0 < a < b, got [0, 1]\n"
            "f:1:97: sweep.random.over.c.integer: expected [a, b] with integers a <= b, got [1, "
            "2.5]\n"
            "f:1:111: sweep.random.over.d: expected {uniform: [a, b]}, {log_uniform: [a, b]}, "
            "{integer: [a, b]} or {choice: [values]}, got 3\n");
}

TEST(Sweep, HundredThousandPointsInASecond) {
  std::string values = "0";
  for (int i = 1; i < 100; ++i) values += ", " + std::to_string(i);
  const Node sweep =
      parse_yaml("arms: {p: {o: 1}, q: {o: 2}}\ngrid: {a: [" + values + "], b: [" + values +
                     "], c: [1, 2, 3, 4, 5]}\nwhen: not (a == 3 and o > 7)\n",
                 "f");
  Problems problems;
  const auto begin = std::chrono::steady_clock::now();
  const auto points = expand_sweep(sweep, problems);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_EQ(points.size(), 100000u);
  // The claim is one second on a quiet machine; the bound leaves room for sanitizers and load.
  EXPECT_LT(seconds, 10);
  RecordProperty("seconds", std::to_string(seconds));
}

std::string overridden(const std::string& path, const std::string& value) {
  const Node experiment = parse_yaml(
      "experiment: e\npolicy: {type: log_linear}\nstages:\n  - {name: sft, steps: 1}\n  - {name: "
      "rft, "
      "optimizer: {type: dpo, beta: 1}}\n",
      "f");
  Problems problems;
  const Node result = apply_override(
      experiment, path, parse_value(value, "--set " + path + "=" + value), problems, {"record"});
  if (!problems.empty()) return all_lines(problems);
  return to_json(result);
}

TEST(Override, FindsStagesByNameAndTopLevelKeys) {
  EXPECT_EQ(overridden("rft.optimizer.beta", "2"),
            R"({"experiment": "e", "policy": {"type": "log_linear"}, "stages": [{"name": "sft", )"
            R"("steps": 1}, {"name": "rft", "optimizer": {"type": "dpo", "beta": 2}}]})");
  EXPECT_EQ(overridden("rft.optimizer", "{type: sft}"),
            R"({"experiment": "e", "policy": {"type": "log_linear"}, "stages": [{"name": "sft", )"
            R"("steps": 1}, {"name": "rft", "optimizer": {"type": "sft"}}]})");
  EXPECT_EQ(
      overridden("sft", "{steps: 3, batch: 4}"),
      R"({"experiment": "e", "policy": {"type": "log_linear"}, "stages": [{"name": "sft", )"
      R"("steps": 3, "batch": 4}, {"name": "rft", "optimizer": {"type": "dpo", "beta": 1}}]})");
  EXPECT_EQ(overridden("policy.hidden", "4").substr(0, 62),
            R"({"experiment": "e", "policy": {"type": "log_linear", "hidden":)");
  EXPECT_NE(overridden("record.every", "4").find(R"("record": {"every": 4})"), std::string::npos);
  EXPECT_NE(overridden("stages.0.steps", "9").find(R"({"name": "sft", "steps": 9})"),
            std::string::npos);
}

TEST(Override, Messages) {
  EXPECT_EQ(overridden("rtf.optimizer", "1"),
            "--set rtf.optimizer=1: rtf.optimizer: \"rtf\" is neither a stage nor a key of the "
            "experiment; did you mean \"rft\"? known: sft, rft, experiment, policy, stages, "
            "record\n");
  EXPECT_EQ(overridden("rft", "1"),
            "--set rft=1: rft: this is a stage; expected a mapping of its keys, got 1\n");
  EXPECT_EQ(overridden("experiment.x", "1"),
            "--set experiment.x=1: experiment.x: \"x\" cannot be a key of the value \"e\"\n");
  EXPECT_EQ(overridden("stages.7.x", "1"),
            "--set stages.7.x=1: stages.7.x: index 7 is past the end of a list of 2\n");
}

std::string seeds_of(const std::string& text) {
  Problems problems;
  const Seeds seeds = parse_seeds(parse_yaml(text, "f"), problems);
  if (!problems.empty()) return all_lines(problems);
  std::string shown;
  for (const auto seed : seeds.explore) shown += std::to_string(seed) + " ";
  shown += "|";
  for (const auto seed : seeds.confirm) shown += " " + std::to_string(seed);
  return shown;
}

TEST(Seeds, Forms) {
  EXPECT_EQ(seeds_of("7"), "| 7");
  EXPECT_EQ(seeds_of("0..3"), "| 0 1 2 3");
  EXPECT_EQ(seeds_of("[3, 5..6, 1]"), "| 3 5 6 1");
  EXPECT_EQ(seeds_of("{explore: 0..2, confirm: [100..101, 7]}"), "0 1 2 | 100 101 7");
  EXPECT_EQ(seeds_of("{confirm: 3}"), "| 3");
}

TEST(Seeds, Messages) {
  const std::string wanted =
      "expected a seed such as 7, a range such as 0..9, or a list of these, got ";
  EXPECT_EQ(seeds_of("-1"), "f:1:1: seeds: " + wanted + "-1\n");
  EXPECT_EQ(seeds_of("1.5"), "f:1:1: seeds: " + wanted + "1.5\n");
  EXPECT_EQ(seeds_of("'7'"), "f:1:1: seeds: " + wanted + "the text \"7\" (remove the quotes)\n");
  EXPECT_EQ(seeds_of("0..x"), "f:1:1: seeds: " + wanted + "\"0..x\"\n");
  EXPECT_EQ(seeds_of("0...3"), "f:1:1: seeds: " + wanted + "\"0...3\"\n");
  EXPECT_EQ(seeds_of("0-9"), "f:1:1: seeds: " + wanted + "\"0-9\"\n");
  EXPECT_EQ(seeds_of(""), "f:1:1: seeds: " + wanted + "nothing\n");
  EXPECT_EQ(seeds_of("[1, [2]]"), "f:1:5: seeds.1: " + wanted + "a list\n");
  EXPECT_EQ(seeds_of("[]"), "f:1:1: seeds: expected at least one seed, got an empty list\n");
  EXPECT_EQ(seeds_of("9..0"), "f:1:1: seeds: the range 9..0 runs backwards\n");
  EXPECT_EQ(seeds_of("[1, 0..3]"), "f:1:5: seeds.1: seed 1 is given twice\n");
  EXPECT_EQ(seeds_of("{explore: 0..9, confirm: 9..12}"),
            "f:1:26: seeds.confirm: seed 9 is given twice\n");
  EXPECT_EQ(seeds_of("0..999999999"), "f:1:1: seeds: more than 1000000 seeds\n");
  EXPECT_EQ(seeds_of("{explore: 1, confrim: 2}"),
            "f:1:14: seeds.confrim: unknown key; did you mean \"confirm\"? known keys: explore, "
            "confirm\n"
            "f:1:1: seeds.confirm: missing; expected the seeds that make the tables, such as "
            "100..109\n");
}

}  // namespace
}  // namespace tightrope
