// SPDX-License-Identifier: Apache-2.0
#include "rewards/bradley_terry.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace tightrope {
namespace {

TEST(BradleyTerry, GoldenLossAndSlopes) {
  std::ifstream file(std::string(TIGHTROPE_SOURCE_DIR) + "/tests/golden/ppo.json");
  const nlohmann::json g = nlohmann::json::parse(file)["reward_model"];
  std::vector<double> chosen = g["chosen"];
  const std::vector<double> rejected = g["rejected"];
  EXPECT_NEAR(bradley_terry(chosen, rejected, 0, 0).value, g["loss"].get<double>(), 1e-9);
  EXPECT_NEAR(bradley_terry(chosen, rejected, 0, g["center"]).value, g["centered"].get<double>(),
              1e-9);
  for (std::size_t n = 0; n < 3; ++n) {
    const double slope = bradley_terry(chosen, rejected, 0.3, 0.01).chosen_slope[n];
    chosen[n] += 1e-5;
    const double above = bradley_terry(chosen, rejected, 0.3, 0.01).value;
    chosen[n] -= 2e-5;
    const double below = bradley_terry(chosen, rejected, 0.3, 0.01).value;
    chosen[n] += 1e-5;
    EXPECT_NEAR(slope, (above - below) / 2e-5, 1e-8);
  }
}

// At the fitted weights of a small problem the regularised gradient is 0.
TEST(BradleyTerry, FitReachesTheStationaryPoint) {
  const std::vector<double> chosen = {1, 0, 2, 1, 0, 1}, rejected = {0, 1, 1, 1, 1, 0};
  const LinearFit options{0.02, 0.05, 2000};
  const std::vector<double> w = fit_bradley_terry(options, 2, chosen, rejected);
  std::vector<double> a(3), b(3);
  for (std::size_t n = 0; n < 3; ++n) {
    a[n] = chosen[2 * n] * w[0] + chosen[2 * n + 1] * w[1];
    b[n] = rejected[2 * n] * w[0] + rejected[2 * n + 1] * w[1];
  }
  const BradleyTerry loss = bradley_terry(a, b, 0, options.center);
  for (std::size_t f = 0; f < 2; ++f) {
    double slope = options.decay * w[f];
    for (std::size_t n = 0; n < 3; ++n) {
      slope +=
          loss.chosen_slope[n] * chosen[2 * n + f] + loss.rejected_slope[n] * rejected[2 * n + f];
    }
    EXPECT_NEAR(slope, 0, 1e-9);
  }
  EXPECT_GT(w[0], 0);
}

}  // namespace
}  // namespace tightrope
