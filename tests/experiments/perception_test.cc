// SPDX-License-Identifier: Apache-2.0
// Pairs that span two images: their batch, their gradient, what a policy learns from them.
#include <gtest/gtest.h>

#include <cmath>

#include "experiments/loss_pullback.h"
#include "experiments/training_set.h"
#include "tests/experiments/tiny_lane.h"

namespace tightrope {
namespace {

const std::atomic<bool> kGoOn{false};

Trained lane_of(const std::vector<std::string>& sets) { return tiny_lane(1, sets); }

const char* const kTransformer =
    "policy={type: transformer, layers: 1, width: 16, heads: 2, image_tokens: 2}";

TEST(Perception, AUnitIsOneTextUnderTwoImages) {
  const Trained t = lane_of({"rft.expert={type: perception}"});
  const std::optional<LaneStep> step = t.lane->next(1, kGoOn);
  ASSERT_TRUE(step.has_value());
  const TokenBatch& batch = *step->batch;
  ASSERT_EQ(batch.units(), 16);
  ASSERT_EQ(batch.cases(), 32);
  ASSERT_EQ(batch.trajectories(), 32);
  int moved = 0;
  for (int u = 0; u < 16; ++u) {
    const auto a = batch.tokens_of(2 * u), b = batch.tokens_of(2 * u + 1);
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
    const auto v = batch.image(2 * u), w = batch.image(2 * u + 1);
    moved += std::equal(v.begin(), v.end(), w.begin()) ? 0 : 1;
  }
  EXPECT_GT(moved, 12) << "a counterfactual image mostly differs";
}

// Computing the loss ahead of the pass changes nothing: same gradient, same metrics, bit for bit,
// on a batch that does not need it.
TEST(Perception, TheLossAheadIsTheLossInThePass) {
  for (const char* policy : {"policy={type: log_linear}", kTransformer}) {
    const Trained t = lane_of({policy, "rft.optimizer={type: dpo, rpo_alpha: 0.5}"});
    const std::optional<LaneStep> step = t.lane->next(1, kGoOn);
    const Policy& p = t.lane->policy();
    BatchTotals totals;
    TokenBatch copy;
    copy.clear(step->batch->channels);
    for (int u = 0; u < step->batch->units(); ++u) add_unit(*step->batch, u, copy, totals);
    std::vector<float> direct(p.parameter_count(), 0.0F), ahead = direct;
    MetricSums in_pass, before;
    LossPullback plain(*t.lane->stage().optimizer, copy, totals, in_pass);
    p.step(step->parameters, copy, step->data, {}, plain, direct, t.lane->workspace());
    TokenQuantities quantities;
    p.evaluate(step->parameters, copy, {}, quantities, t.lane->workspace());
    LossPullback early(*t.lane->stage().optimizer, copy, totals, before);
    early.compute_ahead(step->data, quantities);
    p.step(step->parameters, copy, step->data, {}, early, ahead, t.lane->workspace());
    for (std::size_t i = 0; i < direct.size(); ++i) {
      ASSERT_NEAR(ahead[i], direct[i], 1e-7 + 1e-5 * std::abs(direct[i])) << policy << i;
    }
    EXPECT_NEAR(in_pass.at("loss").sum, before.at("loss").sum, 1e-12);
  }
}

// A policy that learns from perception pairs tells the images apart; both kinds of pairs are
// counted by source, and a lane that stops and goes on has the same bits.
TEST(Perception, MixedPairsTrainAndResume) {
  for (const char* policy : {"policy={type: log_linear}", kTransformer}) {
    const std::vector<std::string> sets = {
        policy, "rft.optimizer={type: cpo_pp, beta: 0.5}", "rft.steps=200",
        "rft.expert={type: mixture, experts: [{weight: 1, expert: {type: perception}}, {weight: 1, "
        "expert: {type: concept_graph}}]}"};
    const Trained whole = lane_of(sets), first = lane_of(sets), second = lane_of(sets);
    whole.lane->advance(60, kGoOn);
    ASSERT_LT(whole.lane->frozen().step, 0) << whole.lane->frozen().cause;
    double perception = 0, thinking = 0;
    for (std::size_t step = 0; step < 60; ++step) {
      perception += scalar_of(*whole.lane, "cpo_plus/perception_count", step);
      thinking += scalar_of(*whole.lane, "cpo_plus/thinking_count", step);
    }
    EXPECT_EQ(perception + thinking, 60 * 16);
    EXPECT_NEAR(perception, 480, 5 * std::sqrt(240.0));
    EXPECT_EQ(scalar_of(*whole.lane, "cpo_plus/perception_accuracy", 0), 0) << "step zero";
    EXPECT_GT(scalar_of(*whole.lane, "cpo_plus/perception_accuracy", 59), 0.6);
    first.lane->advance(23, kGoOn);
    Checkpoint checkpoint(1);
    first.lane->save(checkpoint, "lane");
    second.lane->load(checkpoint, "lane");
    second.lane->advance(60, kGoOn);
    EXPECT_EQ(second.lane->parameters(), whole.lane->parameters());
  }
}

// The policy's own mistakes: with thinking the rejected side is a chain that the reference draws.
TEST(SelfExpertInTheEngine, DrawsFromTheReferenceOfTheStage) {
  const Trained t = lane_of({"rft.expert={type: self}"}), again = lane_of({"rft.expert=self"});
  const std::optional<LaneStep> step = t.lane->next(1, kGoOn);
  const std::optional<LaneStep> same = again.lane->next(1, kGoOn);
  EXPECT_EQ(step->batch->tokens, same->batch->tokens);
  const Vocabulary& v = t.context->world().vocabulary();
  int chains = 0;
  for (int c = 0; c < step->batch->cases(); ++c) {
    const auto chosen = step->batch->tokens_of(2 * c), rejected = step->batch->tokens_of(2 * c + 1);
    EXPECT_NE(chosen[chosen.size() - 2], rejected[rejected.size() - 2]);
    EXPECT_TRUE(v.is_disease(rejected[rejected.size() - 2]));
    chains +=
        std::equal(chosen.begin(), chosen.end() - 2, rejected.begin(), rejected.end() - 2) ? 0 : 1;
  }
  EXPECT_GT(chains, 8) << "its own chains, not the factual ones";
}

TEST(Perception, WhatCannotBeIsSaid) {
  const auto error_of = [](const std::vector<std::string>& sets) {
    try {
      lane_of(sets).lane->advance(1, kGoOn);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(
      error_of({"rft.expert={type: perception}", "rft.optimizer={type: kto}"}).find("two images"),
      std::string::npos);
  EXPECT_NE(error_of({"world={type: concept, graph: toy, diagnosis: rule}",
                      "rft.expert={type: perception}"})
                .find("diagnosis: generative"),
            std::string::npos);
  EXPECT_NE(error_of({"rft.expert={type: mixture, experts: [{weight: 0, expert: random}]}"})
                .find("expected a number > 0"),
            std::string::npos);
  EXPECT_NE(error_of({"rft.expert={type: mixture, experts: [radnom]}"}).find("random"),
            std::string::npos);
}

}  // namespace
}  // namespace tightrope
