// SPDX-License-Identifier: Apache-2.0
// Every registered optimizer trains through the engine on a concept world: what it asks of the
// stage (pairs, several negatives, mismatched trajectories, rollouts) is there.
#include <gtest/gtest.h>

#include <cmath>

#include "core/config/yaml.h"
#include "experiments/mismatched.h"
#include "tests/experiments/tiny_lane.h"

namespace tightrope {
namespace {

const std::atomic<bool> kGoOn{false};

Trained second_stage(const std::vector<std::string>& sets) { return tiny_lane(1, sets); }

std::vector<std::string> settings_of(const std::string& name) {
  Problems problems;
  const auto optimizer =
      Registry<Optimizer>::get().build(parse_yaml("{type: " + name + "}", "test"), "", problems);
  std::vector<std::string> sets = {"rft.optimizer={type: " + name + "}"};
  if (name == "ppo") sets = {"rft.optimizer={type: ppo, critic: none, lambda: 1}"};
  if (name == "apo") sets = {"rft.optimizer={type: apo, negatives: 3}"};
  if (name == "exact_gradient") sets.push_back("world.max_mentions=1");  // few trajectories
  if (optimizer->rollout() != nullptr) sets.push_back("rft.reward={type: shaped}");
  return sets;
}

class EveryOptimizer : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryOptimizer, TrainsThroughTheEngine) {
  const Trained trained = second_stage(settings_of(GetParam()));
  const std::vector<float> before = trained.lane->parameters();
  trained.lane->advance(3, kGoOn);
  ASSERT_LT(trained.lane->frozen().step, 0) << trained.lane->frozen().cause;
  EXPECT_NE(trained.lane->parameters(), before);
  for (const float p : trained.lane->parameters()) ASSERT_TRUE(std::isfinite(p));
  const std::vector<std::string> names = trained.lane->scalar_names();
  EXPECT_EQ(trained.lane->pending().size(), 3 * names.size());
  EXPECT_TRUE(std::isfinite(trained.lane->pending()[0])) << names[0];
}

INSTANTIATE_TEST_SUITE_P(Registered, EveryOptimizer,
                         ::testing::ValuesIn(Registry<Optimizer>::get().names()),
                         [](const auto& test) { return test.param; });

TEST(SeveralNegatives, EachHasADiseaseOfItsOwn) {
  for (const char* propose : {"uniform", "prior", "stratified", "nearest, neighbours: 3"}) {
    const Trained trained =
        second_stage({"rft.optimizer={type: apo, negatives: 3}",
                      std::string("rft.expert={type: concept_graph, propose: ") + propose + "}"});
    const std::optional<LaneStep> step = trained.lane->next(1, kGoOn);
    ASSERT_TRUE(step.has_value());
    const Vocabulary& v = trained.context->world().vocabulary();
    for (int c = 0; c < step->batch->cases(); ++c) {
      std::vector<int> diagnoses;
      ASSERT_EQ(step->batch->group_begin[c + 1] - step->batch->group_begin[c], 4);
      for (int n = step->batch->group_begin[c]; n < step->batch->group_begin[c + 1]; ++n) {
        const auto tokens = step->batch->tokens_of(n);
        diagnoses.push_back(tokens[tokens.size() - 2]);
        EXPECT_TRUE(v.is_disease(diagnoses.back()));
      }
      std::sort(diagnoses.begin(), diagnoses.end());
      EXPECT_TRUE(std::adjacent_find(diagnoses.begin(), diagnoses.end()) == diagnoses.end());
    }
  }
}

TEST(SeveralNegatives, TooManyOrANewFactualSideAreErrors) {
  const auto error_of = [](const std::string& optimizer, const std::string& expert) {
    try {
      second_stage({"rft.optimizer=" + optimizer, "rft.expert=" + expert});
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(error_of("{type: apo, negatives: 3}", "{type: concept_graph, neighbours: 2}")
                .find("2 proposed before"),
            std::string::npos);
  EXPECT_NE(error_of("{type: apo, negatives: 2}", "{type: concept_graph, cut: random_step}")
                .find("random_step"),
            std::string::npos);
}

// The baseline of kto: every trajectory once, under the image of the case before its own.
TEST(Mismatched, ShiftsTrajectoriesByOneCase) {
  TokenBatch batch;
  batch.clear(1);
  for (int c = 0; c < 3; ++c) {
    batch.add_case(std::vector<float>{static_cast<float>(c)});
    for (int side = 0; side < 2; ++side) {
      batch.add({{0, 10 * c + side, 5}, {0, 1, 1}});
    }
  }
  const TokenBatch out = mismatched(batch);
  ASSERT_EQ(out.cases(), 3);
  ASSERT_EQ(out.trajectories(), 6);
  for (int c = 0; c < 3; ++c) {
    EXPECT_EQ(out.image(c)[0], static_cast<float>(c));
    for (int side = 0; side < 2; ++side) {
      EXPECT_EQ(out.tokens_of(2 * c + side)[1], 10 * ((c + 1) % 3) + side);
    }
  }
}

TEST(Mismatched, NeedsTwoCasesAndIsLogged) {
  EXPECT_THROW(second_stage({"rft.optimizer={type: kto}", "rft.batch=1"}), InputError);
  const Trained trained = second_stage({"rft.optimizer={type: kto}"});
  trained.lane->advance(20, kGoOn);
  const std::vector<std::string> names = trained.lane->scalar_names();
  const auto column = std::find(names.begin(), names.end(), "kl/mismatched") - names.begin();
  EXPECT_EQ(trained.lane->pending()[static_cast<std::size_t>(column)], 0) << "policy = reference";
  double most = 0;
  for (std::size_t step = 0; step < 20; ++step) {
    const std::size_t at = step * names.size() + static_cast<std::size_t>(column);
    most = std::max(most, std::abs(trained.lane->pending()[at]));
  }
  EXPECT_GT(most, 0);
}

}  // namespace
}  // namespace tightrope
