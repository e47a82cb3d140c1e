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

// A policy of any law: loss and answers that depend on it.
PolicyObservation some_policy() {
  const auto answers = [](const WorldParams& params) { return params.at("prior").values; };
  const auto first = [](const WorldParams& params) { return params.at("prior").values[0]; };
  return {first, first, answers};
}

TEST_P(DriftConformance, ReactionsAreThePathOfAReactiveProcess) {
  const auto process = make();
  const ReactiveRule* rule = process->reactive();
  if (rule == nullptr) GTEST_SKIP() << "does not answer the policy";
  const WorldParams world = small_world();
  const DecisionTimes times = rule->decisions(kClock);
  EXPECT_GE(times.first, 1);
  EXPECT_LT(times.last, kClock.horizon);
  EXPECT_GE(rule->cases(), 1);
  EXPECT_TRUE(equal(process->apply(world, kClock.horizon, kClock, path_stream()), world))
      << "nothing decided, nothing moved";
  std::vector<DriftReaction> reactions;
  std::vector<WorldParams> laws;
  for (std::int64_t t = 0; t < 60; ++t) {
    DriftClock clock{kClock.horizon, kClock.world, reactions};
    if (times.has(t)) {
      const auto numbers = rule->react(world, t, clock, path_stream(), some_policy());
      EXPECT_EQ(numbers, rule->react(world, t, clock, path_stream(), some_policy()));
      for (const double x : numbers) EXPECT_TRUE(std::isfinite(x));
      reactions.push_back({t, numbers});
      EXPECT_EQ(numbers.size(), reactions.front().numbers.size());
      EXPECT_EQ(rule->measured(reactions).size(), rule->measures().size());
      clock.reactions = reactions;
    }
    laws.push_back(process->apply(world, t, clock, path_stream()));
    ASSERT_NO_THROW(laws.back().validate()) << t;
  }
  const DriftClock clock{kClock.horizon, kClock.world, reactions};
  for (std::int64_t t = 59; t >= 0; --t) {
    EXPECT_TRUE(equal(make()->apply(world, t, clock, path_stream()), laws[t]))
        << "later decisions do not change what was";
    const double progress = process->progress(t, clock, path_stream());
    EXPECT_TRUE(progress >= 0 && progress <= 1) << t;
  }
}

INSTANTIATE_TEST_SUITE_P(Registered, DriftConformance,
                         ::testing::ValuesIn(Registry<DriftProcess>::get().names()),
                         [](const auto& test) { return test.param; });

TEST(DriftNames, NoneWasLostByTheLinker) {
  const std::vector<std::string> names = Registry<DriftProcess>::get().names();
  for (const char* name :
       {"adversarial", "blip", "gradual", "incremental", "magnitude_targeted", "markov_switching",
        "ornstein_uhlenbeck", "random_walk", "recurring", "self", "sudden"}) {
    EXPECT_TRUE(std::find(names.begin(), names.end(), name) != names.end()) << name;
  }
}

}  // namespace
}  // namespace tightrope::drift_test
