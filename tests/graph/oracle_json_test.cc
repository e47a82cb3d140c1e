// SPDX-License-Identifier: Apache-2.0
// The oracle against exact enumeration by an independent program (tests/golden/oracle_cases.json:
// the prototype's, in Python), and the messages of the calculator.
#include "graph/oracle_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "core/base/error.h"

namespace tightrope {
namespace {

nlohmann::json golden() {
  std::ifstream file(TIGHTROPE_SOURCE_DIR "/tests/golden/oracle_cases.json");
  return nlohmann::json::parse(file);
}

void expect_near(const nlohmann::json& expected, const nlohmann::json& got, double& worst) {
  ASSERT_EQ(expected.size(), got.size());
  for (auto it = expected.begin(); it != expected.end(); ++it) {
    const nlohmann::json& other =
        expected.is_object() ? got.at(it.key()) : got[it - expected.begin()];
    worst = std::max(worst, std::abs(it->get<double>() - other.get<double>()));
  }
}

TEST(OracleJson, MatchesEnumeration) {
  const nlohmann::json expected = golden();
  nlohmann::json input = expected;
  for (auto& world : input["worlds"]) {
    for (auto& one : world["cases"]) one.erase("steps");
  }
  const nlohmann::json got = fill_oracle(input);
  double worst = 0;
  int steps = 0;
  for (std::size_t w = 0; w < expected["worlds"].size(); ++w) {
    for (std::size_t n = 0; n < expected["worlds"][w]["cases"].size(); ++n) {
      const auto& a = expected["worlds"][w]["cases"][n]["steps"];
      const auto& b = got["worlds"][w]["cases"][n]["steps"];
      ASSERT_EQ(a.size(), b.size());
      for (std::size_t j = 0; j < a.size(); ++j, ++steps) {
        EXPECT_EQ(a[j]["prefix"], b[j]["prefix"]);
        expect_near(a[j]["law"], b[j]["law"], worst);
        expect_near(a[j]["belief"], b[j]["belief"], worst);
        expect_near(a[j]["site"], b[j]["site"], worst);
      }
    }
  }
  EXPECT_LT(worst, 1e-12);
  EXPECT_EQ(steps, 75);
}

std::string message(const std::function<void(nlohmann::json&)>& spoil) {
  nlohmann::json input = golden();
  spoil(input);
  try {
    fill_oracle(input);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(OracleJson, NamesPathValueAndRule) {
  using nlohmann::json;
  const auto world = [](json& input) -> json& { return input["worlds"][1]["world"]; };
  EXPECT_EQ(message([&](json& x) { world(x)["theta"][0][2][3] = 1.5; }),
            "worlds.1.world.theta.0.2.3: 1.5, must be a finite number, in [0, 1]");
  EXPECT_EQ(message([&](json& x) { world(x)["noise"][0] = 0; }),
            "worlds.1.world.noise.0: 0, must be a finite number, > 0");
  EXPECT_EQ(message([&](json& x) {
              world(x)["omega"] = {0.5, 0.6};
            }),
            "worlds.1.world.omega: a row sums to 1.1, must sum to 1");
  EXPECT_EQ(message([&](json& x) { world(x)["theta"][1].erase(0); }),
            "worlds.1.world.theta.1: a list of 2, must be a list of 3");
  EXPECT_EQ(message([&](json& x) { world(x)["sites"] = 1.5; }),
            "worlds.1.world.sites: 1.5, must be an integer in [1, 1000]");
  EXPECT_EQ(
      message([&](json& x) { world(x)["image_code"] = "liner"; }),
      "worlds.1.world.image_code: \"liner\"; did you mean \"linear\"?; allowed: linear, polarity");
  EXPECT_EQ(message([&](json& x) { world(x).erase("prior"); }),
            "worlds.1.world: the key prior is missing");
  EXPECT_THAT(message([&](json& x) { world(x)["nose"] = 1; }),
              testing::HasSubstr("worlds.1.world: unknown key \"nose\"; did you mean \"noise\"?"));
  EXPECT_THAT(
      message([&](json& x) { x["worlds"][0]["cases"][2]["tokens"][1] = "+7.0"; }),
      testing::HasSubstr("worlds.0.cases.2.tokens.1: unknown token \"+7.0\"; allowed: +k.s"));
  EXPECT_EQ(message([&](json& x) {
              x["worlds"][0]["cases"][0]["tokens"] = {"+1.0", "+0.1"};
            }),
            "worlds.0.cases.0.tokens: token +0.1 is not allowed after +1.0");
  EXPECT_EQ(message([&](json& x) { x["worlds"][0]["world"]["mention_absent"][2] = 0; }),
            "worlds.0.cases.0.tokens.2: this token has probability 0 here");
  EXPECT_EQ(message([](json& x) { x = 3; }), "the document: the key worlds is missing");
  EXPECT_EQ(message([](json&) {}), "no error");
}

}  // namespace
}  // namespace tightrope
