// SPDX-License-Identifier: Apache-2.0
// The laws of transition against tests/golden/drift_laws.json.
#include "drift/law.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

namespace tightrope {
namespace {

nlohmann::json golden() {
  std::ifstream file(std::string(TIGHTROPE_SOURCE_DIR) + "/tests/golden/drift_laws.json");
  return nlohmann::json::parse(file);
}

TEST(Law, MoaSigmoidBitForBit) {
  const auto g = golden()["moa_sigmoid"];
  for (std::size_t i = 0; i < g["t"].size(); ++i) {
    EXPECT_EQ(transition(Law::kMoaSigmoid, g["t"][i], g["position"], g["width"]),
              g["weight"][i].get<double>());
  }
  for (int t = 0; t <= 12000; t += 7) {  // MOA's own expression
    const double x = -4.0 * static_cast<double>(t - 5000) / static_cast<double>(1000);
    EXPECT_EQ(transition(Law::kMoaSigmoid, t, 5000, 1000), 1.0 / (1.0 + std::exp(x)));
  }
}

TEST(Law, MoaKeepsDrawingTheOldConceptAfterTheWindow) {
  double expected = 0;
  for (int t = 501; t < 20000; ++t) expected += 1 - transition(Law::kMoaSigmoid, t, 0, 1000);
  EXPECT_NEAR(expected, golden()["moa_tail"]["count"].get<double>(), 1e-9);
}

TEST(Law, TruncatedSigmoidIsCutAtItsWindow) {
  const auto g = golden()["truncated_sigmoid"];
  for (std::size_t i = 0; i < g["t"].size(); ++i) {
    EXPECT_NEAR(transition(Law::kTruncatedSigmoid, g["t"][i], g["position"], g["width"]),
                g["weight"][i].get<double>(), 1e-8);
  }
}

TEST(Law, LinearAndCosine) {
  EXPECT_EQ(transition(Law::kLinear, 25, 50, 100), 0.25);
  EXPECT_EQ(transition(Law::kLinear, 0, 50, 100), 0);
  EXPECT_EQ(transition(Law::kLinear, 100, 50, 100), 1);
  EXPECT_NEAR(transition(Law::kCosine, 25, 50, 100), (1 - std::sqrt(0.5)) / 2, 1e-15);
  EXPECT_NEAR(transition(Law::kCosine, 50, 50, 100), 0.5, 1e-15);
}

TEST(Law, WidthZeroIsAStepAndAllAreMonotone) {
  for (const std::string& name : law_names()) {
    const Law law = law_of(name);
    EXPECT_EQ(transition(law, 9.999, 10, 0), 0) << name;
    EXPECT_EQ(transition(law, 10, 10, 0), 1) << name;
    double last = 0;
    for (int t = -300; t < 300; ++t) {
      const double w = transition(law, t, 10, 60);
      EXPECT_GE(w, last) << name;
      EXPECT_LE(w, 1) << name;
      last = w;
    }
  }
}

TEST(Law, RecurrenceIsMoasSumOfSigmoids) {
  const auto g = golden()["recurrence"];
  const double w = g["width"], length = g["length"];
  for (int t = 0; t < 3000; t += 3) {
    double expected = 0;
    for (const double onset : g["onsets"]) {
      expected += 1 / (1 + std::exp(-4 * (t - onset) / w)) -
                  1 / (1 + std::exp(-4 * (t - onset - length) / w));
    }
    EXPECT_NEAR(recurrence(Law::kMoaSigmoid, t, g["position"], w, length, g["gap"], g["repeats"]),
                expected, 1e-15);
  }
  EXPECT_EQ(recurrence(Law::kMoaSigmoid, 1000, 1000, 0, 100, 200, 4), 1);
  EXPECT_EQ(recurrence(Law::kMoaSigmoid, 1100, 1000, 0, 100, 200, 4), 0);
  EXPECT_EQ(recurrence(Law::kMoaSigmoid, 1300, 1000, 0, 100, 200, 4), 1);
  EXPECT_EQ(recurrence(Law::kMoaSigmoid, 2200, 1000, 0, 100, 200, 4), 0) << "four times only";
}

}  // namespace
}  // namespace tightrope
