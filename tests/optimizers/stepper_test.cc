// SPDX-License-Identifier: Apache-2.0
#include "core/api/stepper.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/config/yaml.h"
#include "optimizers/steppers/schedule.h"
#include "optimizers/steppers/update_ops.h"

namespace tightrope {
namespace {

std::shared_ptr<const Stepper> build_stepper(const std::string& yaml) {
  Problems problems;
  auto out = Registry<Stepper>::get().build(parse_yaml(yaml, "test"), "stepper", problems);
  problems.throw_if_any();
  return out;
}

TEST(Stepper, GoldenSequences) {
  std::ifstream file(std::string(TIGHTROPE_SOURCE_DIR) + "/tests/golden/steppers.json");
  const auto golden = nlohmann::json::parse(file);
  const auto gradients = golden["gradients"].get<std::vector<std::vector<float>>>();
  for (const auto& expected : golden["cases"]) {
    const auto stepper = build_stepper(expected["stepper"].get<std::string>());
    auto parameters = golden["initial"].get<std::vector<float>>();
    std::vector<float> state(stepper->state_size(static_cast<std::int64_t>(parameters.size())));
    for (std::size_t t = 0; t < gradients.size(); ++t) {
      const StepReport report =
          stepper->update(parameters, gradients[t], state, static_cast<std::int64_t>(t), 5, {});
      EXPECT_TRUE(report.finite);
      EXPECT_NEAR(report.gradient_norm, expected["norms"][t].get<double>(), 1e-6);
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        const double value = expected["parameters"][t][i].get<double>();
        EXPECT_NEAR(parameters[i], value, 2e-6 * std::max(1.0, std::abs(value)))
            << expected["name"] << " step " << t << " parameter " << i;
      }
    }
  }
}

TEST(Stepper, FirstStepsByHand) {
  // Adam's first step is lr g / (|g| + eps) whatever the scale of g.
  std::vector<float> parameters = {1, 1}, state(4), gradient = {0.5F, -0.125F};
  const auto adam = build_stepper("{type: adam, lr: 0.1, max_grad_norm: 0}");
  StepReport report = adam->update(parameters, gradient, state, 0, 10, {});
  EXPECT_NEAR(parameters[0], 0.9, 1e-6);
  EXPECT_NEAR(parameters[1], 1.1, 1e-6);
  EXPECT_NEAR(report.gradient_norm, std::sqrt(0.25 + 0.015625), 1e-12);
  EXPECT_DOUBLE_EQ(report.learning_rate, 0.1);
  // SGD with the norm 5 clipped to 1: p - lr g / 5.
  parameters = {1, 1};
  gradient = {3, -4};
  std::vector<float> velocity(2);
  build_stepper("{type: sgd, lr: 0.5}")->update(parameters, gradient, velocity, 0, 10, {});
  EXPECT_NEAR(parameters[0], 0.7, 1e-6);
  EXPECT_NEAR(parameters[1], 1.4, 1e-6);
}

// Item 2 of the ten and item 9 of the second ten: which eps, and that it stands behind the bias
// correction, as in PyTorch: |g| / (|g| + eps) of a step, not |g| / (|g| + eps / sqrt(1 - b2)).
TEST(Stepper, AdamsEpsilonIsSeenInTheFirstStep) {
  for (const double eps : {1e-5, 1e-8}) {
    std::vector<float> parameters = {0}, state(2), gradient = {1e-5F};
    build_stepper("{type: adam, lr: 0.1, max_grad_norm: 0, eps: " + std::to_string(eps * 1e8) +
                  "e-8}")
        ->update(parameters, gradient, state, 0, 10, {});
    EXPECT_NEAR(parameters[0], -0.1 * 1e-5 / (1e-5 + eps), 1e-6) << eps;
  }
}

// Item 10 of the ten: one norm over all views together, clipped to 0.5 before the step.
TEST(Stepper, ClipsTheNormOfAllViewsTogether) {
  const std::vector<ParameterView> layout = {{"first", {2}, 0, 2}, {"second", {1}, 2, 1}};
  std::vector<float> parameters(3), velocity(3), gradient = {2, 3, 6};  // norm 7
  const StepReport report = build_stepper("{type: sgd, lr: 1, max_grad_norm: 0.5}")
                                ->update(parameters, gradient, velocity, 0, 1, layout);
  EXPECT_DOUBLE_EQ(report.gradient_norm, 7);
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(parameters[i], -gradient[i] / 14, 1e-6);
}

TEST(Stepper, FrozenViewsStayAsTheyAre) {
  std::vector<ParameterView> layout = {{"first", {2}, 0, 2}, {"second", {1}, 2, 1}};
  layout[0].trained = false;
  for (const char* yaml : {"{type: adamw, lr: 0.1, weight_decay: 0.5}", "{type: sgd, lr: 0.1}",
                           "{type: adam, lr: 0.1, weight_decay: 0.5}"}) {
    const auto stepper = build_stepper(yaml);
    std::vector<float> parameters = {2, -2, 2}, gradient = {0, 0, 1}, state(6);
    stepper->update(parameters, gradient, std::span(state).first(stepper->state_size(3)), 0, 1,
                    layout);
    EXPECT_EQ(parameters[0], 2) << yaml;
    EXPECT_EQ(parameters[1], -2) << yaml;
    EXPECT_LT(parameters[2], 2) << yaml;
  }
}

TEST(Stepper, DecayFollowsTheViews) {
  const std::vector<ParameterView> layout = {{"weights", {2}, 0, 2, true},
                                             {"bias", {1}, 2, 1, false}};
  std::vector<float> parameters = {2, -2, 2}, gradient(3), state(6);
  build_stepper("{type: adamw, lr: 0.1, weight_decay: 0.5}")
      ->update(parameters, gradient, state, 0, 1, layout);
  EXPECT_FLOAT_EQ(parameters[0], 1.9F);
  EXPECT_FLOAT_EQ(parameters[1], -1.9F);
  EXPECT_FLOAT_EQ(parameters[2], 2.0F);
}

TEST(Stepper, ElementsDoNotDependOnTheirPlace) {
  for (const char* yaml : {"{type: adamw, lr: 0.1, weight_decay: 0.3, max_grad_norm: 0}",
                           "{type: adam, lr: 0.1, weight_decay: 0.3, max_grad_norm: 0}",
                           "{type: sgd, lr: 0.1, momentum: 0.9, max_grad_norm: 0}"}) {
    const auto stepper = build_stepper(yaml);
    const std::size_t count = 101;
    std::vector<float> parameters(count, 0.37F), state(stepper->state_size(count));
    for (int t = 0; t < 20; ++t) {
      const std::vector<float> gradient(count, 0.1F + 0.37F * static_cast<float>(t % 3));
      stepper->update(parameters, gradient, state, t, 20, {});
      for (const float value : parameters) ASSERT_EQ(value, parameters[0]);
    }
  }
}

TEST(Stepper, BadOptionsAreRefused) {
  EXPECT_THROW(build_stepper("{type: adam, betas: [0.9]}"), InputError);
  EXPECT_THROW(build_stepper("{type: adam, betas: [0.9, 1]}"), InputError);
  EXPECT_THROW(build_stepper("{type: adam, lr: -1}"), InputError);
  EXPECT_THROW(build_stepper("{type: sgd, nesterov: true}"), InputError);
  EXPECT_THROW(build_stepper("{type: adamw, schedule: step}"), InputError);
}

TEST(Schedule, Shapes) {
  StepperParams params;
  EXPECT_DOUBLE_EQ(schedule_factor(params, 7, 10), 1);
  params.schedule = "linear";
  params.final = 0.2;
  EXPECT_DOUBLE_EQ(schedule_factor(params, 0, 10), 1);
  EXPECT_DOUBLE_EQ(schedule_factor(params, 5, 10), 0.6);
  EXPECT_DOUBLE_EQ(schedule_factor(params, 10, 10), 0.2);
  params.final = 0;  // item 3 of the ten: lr (1 - (k - 1) / K) at update k of K
  for (int k = 1; k <= 10; ++k) {
    EXPECT_NEAR(schedule_factor(params, k - 1, 10), 1 - (k - 1) / 10.0, 1e-15);
  }
  params.schedule = "cosine";
  params.final = 0.01;
  EXPECT_DOUBLE_EQ(schedule_factor(params, 0, 300), 1);
  EXPECT_NEAR(schedule_factor(params, 150, 300), 0.505, 1e-12);
  EXPECT_NEAR(schedule_factor(params, 300, 300), 0.01, 1e-12);
  EXPECT_NEAR(schedule_factor(params, 100, 300), 0.01 + 0.99 * 0.75, 1e-12);
  params.warmup = 20;
  EXPECT_NEAR(schedule_factor(params, 0, 300), 1 / 20.0, 1e-12);
  EXPECT_NEAR(schedule_factor(params, 9, 300),
              0.5 * (0.01 + 0.99 * 0.5 * (1 + std::cos(3.14159265358979 * 9 / 300))), 1e-12);
}

TEST(Clip, FactorIsPyTorchs) {
  EXPECT_DOUBLE_EQ(clip_factor(0.5, 1), 1);
  EXPECT_DOUBLE_EQ(clip_factor(4, 1), 1 / (4 + 1e-6));
  EXPECT_DOUBLE_EQ(clip_factor(4, 0), 1);
}

TEST(Clip, NormIsInFloat64) {
  std::vector<float> gradient(1037, 1e-4F);
  gradient[511] = 1e4F;
  double exact = 0;
  for (const float g : gradient) exact += static_cast<double>(g) * static_cast<double>(g);
  EXPECT_NEAR(update_ops().squared_norm(1037, gradient.data()), exact, 1e-13 * exact);
}

}  // namespace
}  // namespace tightrope
