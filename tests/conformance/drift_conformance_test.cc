// SPDX-License-Identifier: Apache-2.0
// What every registered drift process must do, whichever it is, on a small world of every factor.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/drift/drift_support.h"

namespace tightrope::drift_test {
namespace {

const DriftClock kClock{1000, &measure()};

std::shared_ptr<const DriftProcess> make_from(const Node& node) {
  Problems problems;
  auto process = Registry<DriftProcess>::get().build(node, "drift", problems);
  problems.throw_if_any();
  return process;
}

class DriftConformance : public ::testing::TestWithParam<std::string> {
 protected:
  Node node() const { return parse_yaml("{type: " + GetParam() + "}", "test"); }
  std::shared_ptr<const DriftProcess> make() const { return make_from(node()); }
};

TEST_P(DriftConformance, DefaultsStayLawfulForAThousandSteps) {
  const auto process = make();
  const WorldParams world = small_world();
  for (std::int64_t t = 0; t <= kClock.horizon; ++t) {
    const WorldParams now = process->apply(world, t, kClock, path_stream());
    ASSERT_NO_THROW(now.validate()) << t;
    ASSERT_EQ(now.tables().size(), world.tables().size());
    for (std::size_t i = 0; i < world.tables().size(); ++i) {
      ASSERT_EQ(now.tables()[i].name, world.tables()[i].name);
      ASSERT_EQ(now.tables()[i].shape, world.tables()[i].shape);
      if (world.tables()[i].factor != process->factor()) {
        ASSERT_EQ(now.tables()[i].values, world.tables()[i].values) << "only its factor moves";
      }
    }
    const double progress = process->progress(t, kClock, path_stream());
    const double weight = process->mixture_weight(t, kClock);
    ASSERT_TRUE(progress >= 0 && progress <= 1) << t;
    ASSERT_TRUE(weight >= 0 && weight <= 1) << t;
  }
}

TEST_P(DriftConformance, SameSeedSamePathInAnyOrder) {
  const auto process = make(), again = make();
  const WorldParams world = small_world();
  std::vector<WorldParams> forward;
  for (std::int64_t t = 0; t <= 1000; t += 50) {
    forward.push_back(process->apply(world, t, kClock, path_stream()));
  }
  for (std::int64_t t = 1000; t >= 0; t -= 50) {
    EXPECT_TRUE(equal(again->apply(world, t, kClock, path_stream()),
                      forward[static_cast<std::size_t>(t / 50)]))
        << t;
  }
}

TEST_P(DriftConformance, ResolvedOptionsBuildTheSame) {
  Problems problems;
  const Node resolved = Registry<DriftProcess>::get().resolve(node(), "drift", problems);
  problems.throw_if_any();
  const auto again = make_from(parse_yaml(to_yaml(resolved), "resolved"));
  for (std::int64_t t = 0; t <= 1000; t += 125) {
    EXPECT_TRUE(equal(make()->apply(small_world(), t, kClock, path_stream()),
                      again->apply(small_world(), t, kClock, path_stream())));
  }
}

TEST_P(DriftConformance, EventsLieWithinTheRunAndNameTheProcess) {
  const auto process = make();
  for (const DriftEvent& event : process->events(kClock, path_stream())) {
    EXPECT_GE(event.time, 0);
    EXPECT_LE(event.time, kClock.horizon);
    EXPECT_EQ(event.process, GetParam());
    EXPECT_EQ(event.factor, process->factor());
    EXPECT_TRUE(event.kind == "start" || event.kind == "end" || event.kind == "switch");
  }
}

TEST_P(DriftConformance, AWorldWithoutTheFactorIsAnInputError) {
  WorldParams world;
  world.add({"other", "other", Constraint::kReal, {}, {}, {1.0}, "1", ""});
  EXPECT_THROW(make()->apply(world, kClock.horizon, kClock, path_stream()), InputError);
}

INSTANTIATE_TEST_SUITE_P(Registered, DriftConformance,
                         ::testing::ValuesIn(Registry<DriftProcess>::get().names()),
                         [](const auto& test) { return test.param; });

TEST(DriftNames, NoneWasLostByTheLinker) {
  const std::vector<std::string> names = Registry<DriftProcess>::get().names();
  for (const char* name :
       {"blip", "gradual", "incremental", "magnitude_targeted", "markov_switching",
        "ornstein_uhlenbeck", "random_walk", "recurring", "sudden"}) {
    EXPECT_TRUE(std::find(names.begin(), names.end(), name) != names.end()) << name;
  }
}

}  // namespace
}  // namespace tightrope::drift_test
