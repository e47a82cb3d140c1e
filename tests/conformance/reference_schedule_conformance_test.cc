// SPDX-License-Identifier: Apache-2.0
// What every registered reference schedule must do, whichever it is.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/api/reference_schedule.h"
#include "core/config/yaml.h"

namespace tightrope {
namespace {

class ScheduleConformance : public ::testing::TestWithParam<std::string> {
 protected:
  std::shared_ptr<const ReferenceSchedule> make() const {
    Problems problems;
    auto out = Registry<ReferenceSchedule>::get().build(
        parse_yaml("{type: " + GetParam() + "}", "test"), "", problems);
    problems.throw_if_any();
    return out;
  }
};

// The weights are lawful, and those of a run that was stopped and resumed are the same.
TEST_P(ScheduleConformance, WeightsAreLawfulAndStateIsAll) {
  const auto one = make(), other = make();
  std::vector<double> state = one->initial_state(), kept = state;
  for (std::int64_t step = 0; step < 2000; ++step) {
    const double watched = std::sin(static_cast<double>(step)) + (step > 1000 ? 4 : 0);
    const double w = one->after_step(step, watched, state);
    ASSERT_TRUE(w >= 0 && w <= 1) << step;
    ASSERT_EQ((step % 7 == 0 ? other : one)->after_step(step, watched, kept), w) << step;
    if (one->frozen()) {
      ASSERT_EQ(w, 0);
    }
  }
  EXPECT_EQ(state, kept);
}

INSTANTIATE_TEST_SUITE_P(Registered, ScheduleConformance,
                         ::testing::ValuesIn(Registry<ReferenceSchedule>::get().names()),
                         [](const auto& test) { return test.param; });

TEST(ScheduleNames, NoneWasLostByTheLinker) {
  const std::vector<std::string> names = Registry<ReferenceSchedule>::get().names();
  for (const char* name : {"ema", "frozen", "on_alarm", "sync"}) {
    EXPECT_TRUE(std::find(names.begin(), names.end(), name) != names.end()) << name;
  }
}

}  // namespace
}  // namespace tightrope
