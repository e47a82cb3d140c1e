// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "core/api/world.h"
#include "core/base/error.h"
#include "core/config/yaml.h"

namespace tightrope {
namespace {

std::shared_ptr<const World> make(const std::string& text) {
  Problems problems;
  const auto model = Registry<WorldModel>::get().build(parse_yaml(text, "test"), "world", problems);
  problems.throw_if_any();
  return model->make(Stream(1, Purpose::kWorld, 0));
}

const char* const kTwo =
    "{type: bandit, contexts: 2, rewards: [[1, 0, 0.5], [0, 2, -1]], "
    "behaviour: [[0.2, 0.3, 0.5], [0.6, 0.4, 0]]}";

TEST(BanditWorld, DefaultIsTheFixtureWithKnownOptimum) {
  const auto world = make("bandit");
  EXPECT_EQ(world->base().at("reward").values, (std::vector<double>{1, 0, 0.5, 0.25}));
  EXPECT_EQ(world->base().at("reward").factor, "reward");
  EXPECT_EQ(world->vocabulary().diseases(), 4);
  EXPECT_EQ(world->vocabulary().attributes(), 0);
  EXPECT_EQ(world->max_mentions(), 0);
  EXPECT_EQ(world->channels(), 1);
}

TEST(BanditWorld, SamplesContextsAndActionsByTheirLaw) {
  const auto world = make(kTwo);
  const auto environment = world->environment(world->base());
  Cases cases;
  constexpr int kCases = 40000;
  environment->sample(Stream(2, Purpose::kData, 0), 0, 0, kCases, cases);
  std::vector<double> count(6, 0.0);
  for (int n = 0; n < kCases; ++n) {
    EXPECT_EQ(cases.image_of(n)[cases.site[n]], 1);
    EXPECT_EQ(cases.image_of(n)[1 - cases.site[n]], 0);
    count[3 * cases.site[n] + cases.disease[n]] += 1;
  }
  const std::vector<double> behaviour = environment->disease_prior_by_site();
  for (int i = 0; i < 6; ++i) {
    const double p = behaviour[i] / 2;
    EXPECT_NEAR(count[i] / kCases, p, 5 * std::sqrt(p * (1 - p) / kCases));
  }
}

TEST(BanditWorld, OracleIsTheBehaviourAndRewardTheTable) {
  const auto world = make(kTwo);
  const auto environment = world->environment(world->base());
  const Vocabulary& v = world->vocabulary();
  const std::vector<float> image = {0, 1};
  const Trajectory t = make_trajectory(v, {}, -1, 1, Ending::kAnswerNow, 0);
  ASSERT_EQ(t.tokens, (std::vector<Token>{0, 1, v.disease(1), 2}));
  OracleTrace trace;
  environment->oracle(image, t.tokens, trace);
  ASSERT_EQ(trace.prefixes(), 3);
  EXPECT_EQ(trace.law[v.end_think()], 1);
  EXPECT_EQ(trace.law[v.size() + v.disease(0)], 0.6);
  EXPECT_EQ(trace.law[2 * v.size() + 2], 1);
  EXPECT_EQ(trace.belief[1], 0.4);
  EXPECT_EQ(trace.belief[2 * 3 + 1], 1);
  std::vector<double> log_prob(4);
  environment->oracle_log_prob(image, t.tokens, log_prob);
  EXPECT_EQ(log_prob, (std::vector<double>{0, 0, std::log(0.4), 0}));
  Cases cases;
  environment->sample(Stream(2, Purpose::kData, 0), 0, 0, 50, cases);
  for (int n = 0; n < 50; ++n) {
    EXPECT_EQ(environment->reward(cases, n, t.tokens), cases.site[n] == 0 ? 0 : 2);
  }
  EXPECT_THROW(environment->oracle(image, std::vector<Token>{0, v.disease(0)}, trace), InputError);
  EXPECT_THROW(environment->oracle(std::vector<float>{0, 0}, t.tokens, trace), InputError);
}

TEST(BanditWorld, DistanceIsTheKlOfContextAndAction) {
  const auto world = make(kTwo);
  WorldParams moved = world->base();
  moved.at("behaviour").values = {0.1, 0.4, 0.5, 0.5, 0.5, 0};
  const auto distances = world->distances(world->base(), moved);
  ASSERT_EQ(distances.size(), 1U);
  const double kl = 0.5 * (0.1 * std::log(0.5) + 0.4 * std::log(4.0 / 3)) +
                    0.5 * (0.5 * std::log(0.5 / 0.6) + 0.5 * std::log(0.5 / 0.4));
  EXPECT_NEAR(distances[0].kl, kl, 1e-12);
  EXPECT_NEAR(distances[0].total_variation, 0.1, 1e-12);
}

TEST(BanditWorld, MistakesAreInputErrors) {
  for (const char* bad : {"{type: bandit, contexts: 2}", "{type: bandit, rewards: [[1]]}",
                          "{type: bandit, rewards: 3}", "{type: bandit, rewards: [[1, x]]}",
                          "{type: bandit, contexts: 2, rewards: [[1, 2], [1, 2, 3]]}",
                          "{type: bandit, behaviour: [[0.5, 0.2, 0.2, 0.2]]}"}) {
    EXPECT_THROW(make(bad), InputError) << bad;
  }
}

}  // namespace
}  // namespace tightrope
