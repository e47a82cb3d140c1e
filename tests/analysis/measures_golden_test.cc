// SPDX-License-Identifier: Apache-2.0
// The measures against NumPy and SciPy: tests/golden/measures.json, which says how it is made.
#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/analysis/measures_support.h"
#include "tests/core/parity_streams.h"

namespace tightrope::measure_test {
namespace {

using detector_test::Twister;
using Json = nlohmann::json;

const Json& golden() {
  static const Json all =
      Json::parse(std::ifstream(std::string(TIGHTROPE_SOURCE_DIR) + "/tests/golden/measures.json"));
  return all;
}

double number(const Json& value) {
  return value.is_string() ? std::numeric_limits<double>::infinity() : value.get<double>();
}

void expect_close(double value, double wanted, const std::string& what) {
  if (std::isinf(wanted)) {
    EXPECT_EQ(value, wanted) << what;
  } else {
    EXPECT_NEAR(value, wanted, 1e-12 + 1e-12 * std::abs(wanted)) << what;
  }
}

TEST(MeasureGolden, ExactForms) {
  const Json all = golden()["laws"];
  ASSERT_EQ(all.size(), 5);
  for (const Json& g : all) {
    const LawPair laws =
        LawPair::of(g["p"].get<std::vector<double>>(), g["q"].get<std::vector<double>>(),
                    g["positions"].get<std::vector<double>>());
    for (const auto& [name, value] : g["values"].items()) {
      const bool mmd = name == "mmd";
      const std::string yaml = mmd ? "{type: mmd, bandwidth: 1.5}" : name;
      expect_close(exact(yaml, laws), number(value), name + " of " + g["p"].dump());
    }
  }
}

std::vector<double> draw(Twister& generator, const Json& law) {
  std::vector<double> x;
  for (int i = 0; i < law[3].get<int>(); ++i) {
    x.push_back(generator.normal(law[1].get<double>(), law[2].get<double>()));
  }
  return x;
}

TEST(MeasureGolden, SamplesOnALine) {
  const Json all = golden()["samples"];
  ASSERT_EQ(all.size(), 8);
  for (const Json& g : all) {
    Twister first = Twister::numpy(g["x"][0].get<std::uint32_t>());
    const std::vector<double> x = draw(first, g["x"]);
    const auto seed = g["y"][0].get<std::uint32_t>();
    Twister second = seed == 0 ? first : Twister::numpy(seed);
    const std::vector<double> y = draw(second, g["y"]);
    const Pool pool = Pool::of(x, y);
    for (const auto& [yaml, value] : g["values"].items()) {
      expect_close(estimate(*make_measure(yaml), pool), number(value), yaml + g["x"].dump());
    }
  }
}

TEST(MeasureGolden, SamplesOfAPlane) {
  const Json g = golden()["plane"];
  Twister generator = Twister::numpy(31);
  std::vector<double> sides[2];
  for (int side = 0; side < 2; ++side) {
    const Json mean = g["means"][side], f = g["factors"][side];
    for (int i = 0; i < g["points"].get<int>(); ++i) {
      const double a = generator.normal(0, 1), b = generator.normal(0, 1);
      for (int d = 0; d < 2; ++d) {
        sides[side].push_back(mean[d].get<double>() + a * f[0][d].get<double>() +
                              b * f[1][d].get<double>());
      }
    }
  }
  const Pool pool = Pool::of(sides[0], sides[1], 2);
  for (const auto& [yaml, value] : g["values"].items()) {
    expect_close(estimate(*make_measure(yaml), pool), number(value), yaml);
  }
  EXPECT_NEAR(number(g["values"]["{type: mmd, bandwidth: 1}"]), 0.05643613753, 1e-11);  // frouros
}

TEST(MeasureGolden, FiguresThatFrourosPublished) {
  const Json all = golden()["samples"];
  const double mmd[] = {0.00052755, -0.03200193, 0.07154671, 0.43377622, 0.23051378, 0.62530767};
  for (int i = 0; i < 6; ++i) {
    EXPECT_NEAR(number(all[i]["values"]["{type: mmd, bandwidth: 0.5}"]), mmd[i], 1.01e-8);
  }
  const Json& far = all[6]["values"];
  EXPECT_NEAR(number(far["wasserstein"]), 3.85346006, 1e-8);
  EXPECT_NEAR(number(far["energy"]), 2.11059982, 1e-8);
  EXPECT_NEAR(number(far["{type: hellinger, binning: width}"]), 0.74509099, 1e-8);
  EXPECT_NEAR(number(far["{type: total_variation, binning: width}"]), 0.78, 1e-12);
  EXPECT_TRUE(std::isinf(number(far["{type: psi, binning: width}"])));
  const Json& same = all[7]["values"];
  EXPECT_NEAR(number(same["{type: hellinger, binning: width}"]), 0.04792538, 1.01e-8);
  EXPECT_NEAR(number(same["{type: psi, binning: width}"]), 0.01840072, 1.01e-8);
  EXPECT_NEAR(number(same["{type: bhattacharyya, binning: width}"]), 0.00229948, 1e-8);
  // Empty bins patched with the smallest normal double.
  EXPECT_NEAR(number(far["{type: psi, binning: width, floor: 2.2250738585072014e-308}"]),
              461.20379435, 1e-8);
}

TEST(MeasureGolden, ChiSquareOfCountsIsTheHomogeneityTest) {
  for (const Json& g : golden()["counts"]) {
    const auto a = g["a"].get<std::vector<double>>(), b = g["b"].get<std::vector<double>>();
    std::vector<double> both;
    for (std::size_t i = 0; i < a.size(); ++i) both.push_back(a[i] + b[i]);
    const double n = std::accumulate(a.begin(), a.end(), 0.0);
    const double m = std::accumulate(b.begin(), b.end(), 0.0);
    const double statistic = n * exact("chi_square", LawPair::of_counts(a, both)) +
                             m * exact("chi_square", LawPair::of_counts(b, both));
    EXPECT_NEAR(statistic, g["homogeneity"].get<double>(), 1e-12);
    EXPECT_NEAR(exact("hellinger", LawPair::of_counts(a, b)), g["hellinger"].get<double>(), 1e-14);
  }
}

}  // namespace
}  // namespace tightrope::measure_test
