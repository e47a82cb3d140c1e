// SPDX-License-Identifier: Apache-2.0
// The reward models on cases of the toy concept world.
#include <gtest/gtest.h>

#include "core/api/reward.h"
#include "core/config/yaml.h"

namespace tightrope {
namespace {

std::shared_ptr<const RewardModel> reward(const std::string& text) {
  Problems problems;
  auto model = Registry<RewardModel>::get().build(parse_yaml(text, "test"), "reward", problems);
  problems.throw_if_any();
  return model;
}

struct Bench {
  std::shared_ptr<const World> world;
  std::shared_ptr<const Environment> environment;
  Cases cases;

  Bench() {
    Problems problems;
    const auto model = Registry<WorldModel>::get().build(
        parse_yaml("{type: concept, graph: toy, sites: 2}", "test"), "world", problems);
    problems.throw_if_any();
    world = model->make(Stream(1, Purpose::kWorld, 1));
    environment = world->environment(world->base());
    environment->sample(Stream(1, Purpose::kData, 1), 0, 0, 200, cases);
  }
  Trajectory factual(int n, int disease, int mentions = -1) const {
    return make_trajectory(world->vocabulary(), cases.report_of(n), cases.category[n], disease,
                           Ending::kEndThink, mentions);
  }
  double score(const RewardModel& model, int n, const Trajectory& y,
               std::span<const double> fitted = {}) const {
    return model.score({*world, *environment, cases}, n, y, fitted);
  }
};

const Bench& bench() {
  static const Bench one;
  return one;
}

TEST(Reward, ExactMatchAndWorldScoreTheDiagnosis) {
  const Bench& b = bench();
  const int right = b.cases.disease[0], wrong = (right + 1) % b.world->vocabulary().diseases();
  for (const char* type : {"exact_match", "world"}) {
    EXPECT_EQ(b.score(*reward(type), 0, b.factual(0, right)), 1) << type;
    EXPECT_EQ(b.score(*reward(type), 0, b.factual(0, wrong)), 0) << type;
  }
}

TEST(Reward, ShapedPaysTheShareOfAgreeingFindings) {
  const Bench& b = bench();
  const auto model = reward("{type: shaped, findings: 0.25}");
  for (int n = 0; n < 50; ++n) {
    const int right = b.cases.disease[n], wrong = (right + 1) % b.world->vocabulary().diseases();
    const int mentions = count_mentions(b.cases.report_of(n));
    EXPECT_NEAR(b.score(*model, n, b.factual(n, right)), 1, 1e-15);
    EXPECT_NEAR(b.score(*model, n, b.factual(n, wrong)), 0.25, 1e-15);
    if (mentions == 0) continue;
    EXPECT_NEAR(b.score(*model, n, b.factual(n, wrong, mentions - 1)),
                0.25 * (mentions - 1) / mentions, 1e-15);
  }
}

TEST(Reward, HackablePaysTheFeatureWhateverTheCase) {
  const Bench& b = bench();
  const int right = b.cases.disease[0], wrong = (right + 1) % b.world->vocabulary().diseases();
  const auto length = reward("{type: hackable, bonus: 0.8}");
  const double share =
      static_cast<double>(count_mentions(b.cases.report_of(0))) / b.world->max_mentions();
  EXPECT_NEAR(b.score(*length, 0, b.factual(0, wrong)), 0.8 * share, 1e-15);
  const std::string name = b.world->vocabulary().names().attributes[1];
  const auto mention = reward("{type: hackable, feature: mention, attribute: " + name + "}");
  const std::vector<double> fitted = mention->fit(*b.world, {});
  Trajectory y = b.factual(0, wrong, 0);
  EXPECT_EQ(b.score(*mention, 0, y, fitted), 0);
  y.tokens.insert(y.tokens.begin() + 1, b.world->vocabulary().finding(1, Slot::kSynonym1));
  EXPECT_EQ(b.score(*mention, 0, y, fitted), 0.5);
  y.tokens[1] = b.world->vocabulary().finding(1, Slot::kAbsent);
  EXPECT_EQ(b.score(*mention, 0, y, fitted), 0);
  EXPECT_THROW(reward("{type: hackable, feature: mention, attribute: nothing}")->fit(*b.world, {}),
               InputError);
}

TEST(Reward, LearnedPrefersTheChosenSidesWords) {
  const Bench& b = bench();
  const auto model = reward("{type: learned}");
  EXPECT_GT(model->pairs(), 0);
  const auto expert = [] {
    Problems problems;
    auto out = Registry<Expert>::get().build(parse_yaml("answer_only", "test"), "", problems);
    problems.throw_if_any();
    return out;
  }();
  std::vector<Pair> pairs;
  for (int n = 0; n < b.cases.size(); ++n) {
    const ExpertContext context{*b.world, *b.environment, b.cases, {}};
    pairs.push_back(expert->propose(context, n, true, Stream(1, Purpose::kExpert, 0), 0));
  }
  const std::vector<double> fitted = model->fit(*b.world, pairs);
  EXPECT_EQ(fitted, model->fit(*b.world, pairs)) << "deterministic";
  double margin = 0;
  for (int n = 0; n < b.cases.size(); ++n) {
    margin +=
        b.score(*model, n, pairs[n].chosen, fitted) - b.score(*model, n, pairs[n].rejected, fitted);
  }
  EXPECT_GT(margin, 0);
}

}  // namespace
}  // namespace tightrope
