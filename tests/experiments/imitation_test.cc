// SPDX-License-Identifier: Apache-2.0
// Supervised stages that imitate what an expert proposes, and pairs out of canonical order.
#include <gtest/gtest.h>

#include <algorithm>

#include "experiments/training_set.h"
#include "tests/experiments/tiny_lane.h"

namespace tightrope {
namespace {

const std::atomic<bool> kGoOn{false};
const char* const kImitate = "sft.data={cases: 64, environment: source, trajectories: proposed}";
const char* const kSources =
    "sft.expert={type: sources, sources: [{type: sudden, factor: prior, at: 0, to: uniform}, "
    "{type: sudden, factor: lexical, at: 0, to: reversed}]}";

// Every trajectory of a batch is the proposal for its own image.
TEST(Imitation, TrainsOnTheProposalOfEachCase) {
  const Trained t =
      tiny_lane(0, {kImitate, kSources, "sft.direct=0", "sft.truncated=0", "sft.batch=64"});
  const std::optional<LaneStep> step = t.lane->next(1, kGoOn);
  ASSERT_TRUE(step.has_value());
  const Stage& stage = t.lane->stage();
  const Experiment& experiment = t.lane->experiment();
  const CaseLaws laws{{t.context->environment("source")}, {}};
  const TrainingStreams streams = training_streams(experiment, stage, 0);
  const Cases cases = draw_cases(laws, streams.data, 0, 64);
  ExpertContext context{t.context->world(), laws.of(0), cases, {}};
  context.clock = expert_clock(experiment, 0, 0);
  int others = 0;
  for (int b = 0; b < 64; ++b) {
    int n = 0;
    while (!std::ranges::equal(cases.image_of(n), step->batch->image(b))) ++n;
    const Pair pair = stage.expert->propose(context, n, true, streams.expert, 0);
    EXPECT_TRUE(std::ranges::equal(step->batch->tokens_of(b), pair.rejected.tokens)) << b;
    others += pair.rejected.tokens != pair.chosen.tokens;
  }
  EXPECT_GT(others, 32) << "sources write reports of their own";
}

// The preferred side of the default pairs is the cases' own: the same batch as without an expert.
TEST(Imitation, PreferredSidesAreTheChosenOnes) {
  const Trained own = tiny_lane(0, {});
  const Trained same = tiny_lane(
      0, {"sft.data={cases: 64, environment: source, trajectories: preferred}", kSources});
  const TokenBatch& a = *own.lane->next(1, kGoOn)->batch;
  const TokenBatch& b = *same.lane->next(1, kGoOn)->batch;
  EXPECT_EQ(a.tokens, b.tokens);
  const Trained agreed =
      tiny_lane(0, {"sft.data={cases: 64, environment: source, trajectories: preferred}",
                    "sft.expert={type: sources, chosen: consensus, sources: [[], [], []]}"});
  EXPECT_NE(a.tokens, agreed.lane->next(1, kGoOn)->batch->tokens);
}

// Cut and direct forms hold the source's findings and answer.
TEST(Imitation, FormsAreCutFromTheProposal) {
  const Trained t =
      tiny_lane(0, {kImitate, kSources, "sft.direct=0.5", "sft.truncated=0.5", "sft.batch=64"});
  const TokenBatch& batch = *t.lane->next(1, kGoOn)->batch;
  int direct = 0;
  for (int b = 0; b < 64; ++b) {
    const auto tokens = batch.tokens_of(b);
    EXPECT_EQ(tokens[tokens.size() - 3], Vocabulary::answer_now());
    direct += tokens.size() == 4;
  }
  EXPECT_GT(direct, 20);
  EXPECT_LT(direct, 60);
}

// A source's own clock is the stream's: fresh batches follow its drift, fixed data stand where the
// stage begins.
TEST(Imitation, SourcesDriftOnTheStreamsClock) {
  const auto batches = [](std::size_t stage, const std::string& data, const std::string& at) {
    const std::string name = stage == 0 ? "sft" : "rft";
    const Trained t = tiny_lane(
        stage, {name + ".optimizer=sft", name + ".data=" + data,
                name + ".expert={type: sources, sources: [{type: sudden, factor: lexical, at: " +
                    at + ", to: reversed}]}"});
    std::vector<std::vector<Token>> out;
    for (int step = 1; step <= 6; ++step) {
      const std::optional<LaneStep> next = t.lane->next(step, kGoOn);
      out.push_back(next->batch->tokens);
      t.lane->policy().step(next->parameters, *next->batch, next->data, next->wanted,
                            *next->pullback, next->gradient, t.lane->workspace());
      t.lane->take();
    }
    return out;
  };
  const std::string stream = "{kind: stream, environment: source, trajectories: proposed}";
  const auto never = batches(0, stream, "end"), fourth = batches(0, stream, "3");
  for (int step = 0; step < 6; ++step) EXPECT_EQ(never[step] == fourth[step], step < 3) << step;
  const std::string fixed = "{cases: 64, environment: source, trajectories: proposed}";
  EXPECT_EQ(batches(1, fixed, "61"), batches(1, fixed, "end")) << "the second stage begins at 60";
  EXPECT_NE(batches(1, fixed, "60"), batches(1, fixed, "end"));
}

std::string error_of(const std::vector<std::string>& sets) {
  try {
    const Trained t = tiny_lane(0, sets);
    t.lane->advance(2, kGoOn);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Imitation, ErrorsSayWhatIsMissing) {
  EXPECT_NE(error_of({kImitate}).find("an `expert:` must write these"), std::string::npos);
  const std::string pairs = error_of({kImitate, kSources, "sft.optimizer={type: dpo}"});
  EXPECT_NE(pairs.find("only an optimizer that imitates"), std::string::npos) << pairs;
}

TEST(Shuffle, TrainsWithoutTheMaskAlone) {
  const std::vector<std::string> pairs = {"sft.optimizer={type: dpo}", "sft.expert=shuffle"};
  const std::string masked = error_of(pairs);
  EXPECT_NE(masked.find("grammar"), std::string::npos) << masked;
  const Trained t = tiny_lane(0, {pairs[0], pairs[1], "policy={type: log_linear, grammar: false}"});
  const std::vector<float> before(t.lane->parameters().begin(), t.lane->parameters().end());
  t.lane->advance(10, kGoOn);
  EXPECT_LT(t.lane->frozen().step, 0) << t.lane->frozen().cause;
  EXPECT_NE(before, std::vector<float>(t.lane->parameters()));
}

}  // namespace
}  // namespace tightrope
