// SPDX-License-Identifier: Apache-2.0
// What every registered stepper must do.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/api/stepper.h"
#include "core/random/stream.h"

namespace tightrope {
namespace {

class StepperConformance : public ::testing::TestWithParam<std::string> {
 protected:
  StepperConformance() {
    Problems problems;
    stepper = Registry<Stepper>::get().build(Node::scalar(GetParam()), "stepper", problems);
    problems.throw_if_any();
    Draws draws = Stream(1, Purpose::kProbe, 1).at(0);
    for (int i = 0; i < 83; ++i) {
      start.push_back(static_cast<float>(draws.normal()));
      gradient.push_back(static_cast<float>(draws.normal()));
    }
    state.resize(stepper->state_size(83));
  }
  std::shared_ptr<const Stepper> stepper;
  std::vector<float> start, gradient, state;
};

TEST_P(StepperConformance, GoesDownhillOnAQuadratic) {
  std::vector<float> parameters = start;
  const auto norm = [&] {
    double sum = 0;
    for (const float p : parameters) sum += static_cast<double>(p) * static_cast<double>(p);
    return std::sqrt(sum);
  };
  const double before = norm();
  for (int t = 0; t < 500; ++t) {
    std::vector<float> slope = parameters;  // of |p|^2 / 2
    const StepReport report = stepper->update(parameters, slope, state, t, 500, {});
    ASSERT_TRUE(report.finite);
    ASSERT_GT(report.learning_rate, 0);
  }
  EXPECT_LT(norm(), 0.9 * before);
}

TEST_P(StepperConformance, NonFiniteGradientChangesNothing) {
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    std::vector<float> parameters = start, memory(state.size(), 0.5F);
    std::vector<float> slope = gradient;
    slope[70] = bad;
    const StepReport report = stepper->update(parameters, slope, memory, 3, 10, {});
    EXPECT_FALSE(report.finite);
    EXPECT_EQ(parameters, start);
    EXPECT_EQ(memory, std::vector<float>(state.size(), 0.5F));
  }
}

TEST_P(StepperConformance, RepeatsBitForBit) {
  std::vector<float> first = start, second = start, memory(state.size());
  for (int t = 0; t < 5; ++t) stepper->update(first, gradient, state, t, 5, {});
  for (int t = 0; t < 5; ++t) stepper->update(second, gradient, memory, t, 5, {});
  EXPECT_EQ(first, second);
  EXPECT_EQ(state, memory);
}

TEST_P(StepperConformance, ReportsTheNormBeforeClipping) {
  std::vector<float> parameters = start;
  double sum = 0;
  for (const float g : gradient) sum += static_cast<double>(g) * static_cast<double>(g);
  const StepReport report = stepper->update(parameters, gradient, state, 0, 5, {});
  EXPECT_NEAR(report.gradient_norm, std::sqrt(sum), 1e-12 * std::sqrt(sum) * 10);
  EXPECT_NE(parameters, start);
}

INSTANTIATE_TEST_SUITE_P(Registered, StepperConformance,
                         ::testing::ValuesIn(Registry<Stepper>::get().names()),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace tightrope
