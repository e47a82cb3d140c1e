// SPDX-License-Identifier: Apache-2.0
// Worlds that answer the policy: each lane has its own, whatever it is packed with, across kills
// and from stage to stage.
#include <algorithm>
#include <cmath>

#include "core/log/reader.h"
#include "experiments/prequential.h"
#include "tests/experiments/tiny_lane.h"

namespace tightrope {
namespace {

using namespace engine_test;

const std::atomic<bool> kGoOn{false};

const std::string kAdversary =
    "{type: adversarial, factor: mechanism, towards: [permuted, reversed], start: 20, every: 10, "
    "step_budget: 0.05, budget: 0.12, cases: 64}";
const std::string kStream = "{kind: stream, environment: now, prequential: true}";

Trained reactive_lane(const std::string& drift, std::vector<std::string> more = {},
                      std::size_t stage = 0) {
  more.insert(more.begin(),
              {"drift=[" + drift + "]", "environments={source: {at: 0}}", "sft.data=" + kStream});
  return tiny_lane(stage, more);
}

// A run of the tiny experiment whose second stage follows a stream; the world moves in both.
std::vector<std::string> reactive_run(const std::string& out, const std::string& drift,
                                      std::vector<std::string> more = {}) {
  std::vector<std::string> args = {
      "drift=[" + drift + "]", "environments={source: {at: 0}}", "rft.data=" + kStream,
      "tables=[{name: tiny, columns: [accuracy(source)]}]", "claims=[]"};
  std::vector<std::string> sets;
  for (const std::string& set : args) sets.insert(sets.end(), {"--set", set});
  sets.insert(sets.end(), more.begin(), more.end());
  return tiny_run(out, sets);
}

// Segment id -> its final policy; ID/reactions/... -> what moved its world.
std::map<std::string, Checkpoint::Value> ends_of(const std::string& folder) {
  std::map<std::string, Checkpoint::Value> out;
  for (const std::string& name : files_ending(folder + "/packs", ".policies")) {
    const std::string path = folder + "/packs/" + name;
    const Checkpoint end = decode(read_text(path), path);
    out.insert(end.values().begin(), end.values().end());
  }
  return out;
}

TEST(ReactiveDrift, DecidesOnTimeAndWithinItsBudget) {
  const Trained t = reactive_lane(kAdversary);
  t.lane->advance(60, kGoOn);
  ASSERT_LT(t.lane->frozen().step, 0) << t.lane->frozen().cause;
  const std::vector<DriftReaction>& reactions = t.lane->world().reactions();
  ASSERT_EQ(reactions.size(), 4U) << "20, 30, 40, 50";
  for (std::size_t step = 0; step < 60; ++step) {
    const bool decides = step >= 20 && step % 10 == 0;
    EXPECT_EQ(std::isnan(scalar_of(*t.lane, "drift/loss", step)), !decides) << step;
    EXPECT_EQ(std::isnan(scalar_of(*t.lane, "drift/kl", step)), !decides) << step;
    EXPECT_GT(scalar_of(*t.lane, "prequential/regret", step), 0);
  }
  EXPECT_NEAR(scalar_of(*t.lane, "drift/step", 20), 0.05, 1e-6);
  EXPECT_NEAR(scalar_of(*t.lane, "drift/hellinger", 20), 0.05, 1e-6) << "of the law at time 0";
  EXPECT_GT(scalar_of(*t.lane, "drift/choice", 20), 0);
  EXPECT_NEAR(scalar_of(*t.lane, "drift/spent", 50), 0.12, 1e-6);
  EXPECT_LE(scalar_of(*t.lane, "drift/spent", 50), 0.12);
}

// The cases of a step, and the regret, are of the lane's own law.
TEST(ReactiveDrift, CasesAndRegretAreOfTheLanesOwnLaw) {
  const Trained t = reactive_lane(kAdversary);
  t.lane->advance(45, kGoOn);
  const std::vector<float> before = t.lane->parameters();
  LaneWorld world(t.context, t.lane->world().reactions());
  const CaseLaws own = world.laws_at(45, 16);
  const auto streams = training_streams(t.lane->experiment(), t.lane->stage(), 0);
  const auto regret = [&](const CaseLaws& laws) {
    const Cases cases = draw_cases(laws, streams.data, 45, 16);
    return prequential(t.lane->policy(), before, cases, laws, t.lane->workspace())
        .at("prequential/regret")
        .mean();
  };
  t.lane->advance(46, kGoOn);
  EXPECT_EQ(scalar_of(*t.lane, "prequential/regret", 45), regret(own));
  EXPECT_NE(regret(own), regret(t.context->laws_at(45, 16))) << "the shared world has not moved";
}

// An adversary with one decision hurts a trained policy that stays as it is as much as the worst of
// what it may do: nothing, or magnitude_targeted's law of the same size to any one target. Measured
// by the stream, on cases that it has not seen.
TEST(ReactiveDrift, TheAdversaryHurtsAFixedPolicyMost) {
  const Trained school = reactive_lane("", {"sft.steps=150", "sft.batch=64", "sft.direct=0.5"});
  school.lane->advance(150, kGoOn);
  const auto value_at_end = [&](const std::string& drift, const char* metric) {
    const Trained t = reactive_lane(
        drift, {"sft.batch=8192", "sft.stepper={type: sgd, lr: 1e-9}", "sft.steps=3"});
    Checkpoint checkpoint;
    t.lane->save(checkpoint, "lane");
    checkpoint.set("lane/parameters", school.lane->parameters());
    t.lane->load(checkpoint, "lane");
    t.lane->advance(3, kGoOn);
    return scalar_of(*t.lane, metric, 2);
  };
  for (const auto& [objective, metric] :
       {std::pair{"loss", "prequential/log_loss"}, std::pair{"regret", "prequential/regret"}}) {
    const double adversary = value_at_end(
        std::string("{type: adversarial, factor: mechanism, towards: [{scale: 0.5}, reversed], ") +
            "start: 1, stop: 1, step_budget: 0.2, budget: 0.2, cases: 4000, objective: " +
            objective + "}",
        metric);
    double worst = value_at_end("", metric), least = 1e9;
    for (const char* to : {"{scale: 0.5}", "reversed"}) {
      const double value = value_at_end(
          std::string(
              "{type: magnitude_targeted, factor: mechanism, at: 1, distance: hellinger, ") +
              "magnitude: 0.2, to: " + to + "}",
          metric);
      worst = std::max(worst, value);
      least = std::min(least, value);
    }
    EXPECT_NEAR(adversary, worst, 1e-6) << metric;
    EXPECT_GT(adversary, least + 1e-3) << metric << ": the choice matters";
  }
}

// Two policies of one seed: same cases until the first decision, then worlds of their own.
TEST(ReactiveDrift, ArmsDoNotShareThePath) {
  const Trained slow = reactive_lane("{type: self, strength: 0.9, start: 20, every: 10}",
                                     {"sft.stepper={type: adam, lr: 0.001}"});
  const Trained fast = reactive_lane("{type: self, strength: 0.9, start: 20, every: 10}");
  slow.lane->advance(40, kGoOn);
  fast.lane->advance(40, kGoOn);
  const auto law = [](const Trained& t, std::int64_t time) {
    return t.context->params_at(time, t.lane->world().reactions());
  };
  EXPECT_EQ(largest_change(law(slow, 19), law(fast, 19), ""), 0);
  EXPECT_GT(largest_change(law(slow, 20), law(fast, 20), "prior"), 1e-4);
}

TEST(ReactiveDrift, ALaneContinuesFromItsCheckpoint) {
  for (const std::string& drift :
       {kAdversary, std::string("{type: self, start: 5, every: 7, cases: 32}"),
        // Within a mixture, and followed by a process that acts on what it made.
        "{type: gradual, factor: prior, at: 30, width: 10}, " + kAdversary +
            ", {type: sudden, factor: confounding, at: 25, to: 0}"}) {
    const Trained whole = reactive_lane(drift), first = reactive_lane(drift),
                  second = reactive_lane(drift);
    whole.lane->advance(60, kGoOn);
    first.lane->advance(33, kGoOn);
    Checkpoint checkpoint;
    first.lane->save(checkpoint, "lane");
    second.lane->load(checkpoint, "lane");
    second.lane->advance(60, kGoOn);
    EXPECT_EQ(second.lane->parameters(), whole.lane->parameters()) << drift;
    ASSERT_EQ(second.lane->world().reactions().size(), whole.lane->world().reactions().size());
    EXPECT_GE(whole.lane->world().reactions().size(), 4U);
    for (std::size_t k = 0; k < whole.lane->world().reactions().size(); ++k) {
      EXPECT_EQ(second.lane->world().reactions()[k].numbers,
                whole.lane->world().reactions()[k].numbers);
    }
  }
}

TEST(ReactiveDrift, RolloutsFollowTheLanesWorld) {
  const std::vector<std::string> sets = {"sft.optimizer={type: rloo, num_generations: 2}",
                                         "sft.reward={type: exact_match}",
                                         "sft.data={kind: stream, environment: now}"};
  const Trained whole = reactive_lane(kAdversary, sets), first = reactive_lane(kAdversary, sets),
                second = reactive_lane(kAdversary, sets);
  const Trained still = reactive_lane("", sets);
  for (const Trained* t : {&whole, &still}) t->lane->advance(60, kGoOn);
  ASSERT_EQ(whole.lane->world().reactions().size(), 4U);
  EXPECT_NE(whole.lane->parameters(), still.lane->parameters());
  first.lane->advance(41, kGoOn);
  Checkpoint checkpoint;
  first.lane->save(checkpoint, "lane");
  second.lane->load(checkpoint, "lane");
  second.lane->advance(60, kGoOn);
  EXPECT_EQ(second.lane->parameters(), whole.lane->parameters());
}

// Deciding draws from a stream of its own: where nothing trains on the moved world, the policy is
// that of the world that stays.
TEST(ReactiveDrift, AFixedEnvironmentDoesNotFeelIt) {
  const std::string fixed = "sft.data={kind: fixed, cases: 64, environment: source}";
  const Trained moved = reactive_lane(kAdversary, {fixed}), still = reactive_lane("", {fixed});
  moved.lane->advance(60, kGoOn);
  still.lane->advance(60, kGoOn);
  EXPECT_EQ(moved.lane->parameters(), still.lane->parameters());
  EXPECT_EQ(moved.lane->world().reactions().size(), 4U) << "yet the world went its way";
}

TEST(ReactiveDrift, FreezesALaneWhoseAnswersAreNotFinite) {
  for (const char* drift : {"{type: adversarial, start: 5}", "{type: self, start: 5}"}) {
    const Trained t = reactive_lane(drift);
    t.lane->advance(5, kGoOn);
    Checkpoint checkpoint;
    t.lane->save(checkpoint, "lane");
    checkpoint.set("lane/parameters",
                   std::vector<float>(t.lane->parameters().size(), std::nanf("")));
    t.lane->load(checkpoint, "lane");
    t.lane->advance(60, kGoOn);
    EXPECT_EQ(t.lane->frozen().cause, "what the drift sees of the policy is not finite");
    EXPECT_EQ(t.lane->frozen().step, 5);
    EXPECT_EQ(t.lane->pending().size(), 60 * t.lane->scalar_names().size());
    EXPECT_TRUE(t.lane->world().reactions().empty());
  }
}

TEST(ReactiveDrift, AloneOrPackedOnOneThreadOrTwo) {
  const TemporaryFolder folder;
  const std::string one = folder / "one", packed = folder / "packed";
  const auto a = engine(reactive_run(one, kAdversary, {"--set", "pack=1"}));
  std::vector<std::string> args = reactive_run(packed, kAdversary);
  *(std::find(args.begin(), args.end(), "--threads") + 1) = "2";
  const auto b = engine(args);
  ASSERT_EQ(a.code, 0) << a.err;
  ASSERT_EQ(b.code, 0) << b.err;
  const auto ends = ends_of(one);
  EXPECT_GE(ends.size(), 18U) << "six segments: a policy, times and numbers each";
  EXPECT_EQ(ends, ends_of(packed));
  EXPECT_EQ(read_text(one + "/results.csv"), read_text(packed + "/results.csv"));
}

TEST(ReactiveDrift, StagesHandOverWhatWasDecided) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  const std::string drift = "{type: self, start: 30, every: 15}";
  const auto said = engine(reactive_run(out, drift));
  ASSERT_EQ(said.code, 0) << said.err;
  const auto ends = ends_of(out);
  const LogReader log = LogReader::open(out + "/packs/pack_0001.h5");
  const auto ids = log.read_strings("meta/id").values;
  const auto parents = log.read_strings("meta/parent").values;
  const auto times = [&](const std::string& id) {
    return std::get<std::vector<std::int64_t>>(ends.at(id + "/reactions/time"));
  };
  const auto numbers = [&](const std::string& id) {
    return std::get<std::vector<double>>(ends.at(id + "/reactions/numbers"));
  };
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(times(parents[i]), (std::vector<std::int64_t>{30, 45}));
    EXPECT_EQ(times(ids[i]), (std::vector<std::int64_t>{30, 45, 60, 75, 90, 105}));
    const std::vector<double> before = numbers(parents[i]);
    std::vector<double> carried = numbers(ids[i]);
    carried.resize(before.size());
    EXPECT_EQ(carried, before);
  }
  // The shared times of /drift: known until the stage's first decision, not claimed after.
  const auto kl = log.read<double>("drift/kl").values;
  const auto time = log.read<std::int64_t>("drift/stream_time").values;
  const std::size_t mechanisms = kl.size() / time.size() / ids.size();
  for (std::size_t k = 0; k < time.size(); ++k) {
    EXPECT_EQ(std::isnan(kl[k * mechanisms]), time[k] >= 60) << time[k];
    if (time[k] >= 30 && time[k] < 60) {
      EXPECT_GT(kl[k * mechanisms], 0) << time[k];
    }
    if (time[k] < 30) {
      EXPECT_EQ(kl[k * mechanisms], 0) << time[k];
    }
  }
}

TEST(ReactiveDrift, KilledRunsEndWithTheSameBits) {
  const TemporaryFolder folder, texts;
  const std::string whole = folder / "whole", out = folder / "killed";
  Engine reference(reactive_run(whole, kAdversary), texts);
  ASSERT_EQ(reference.wait(), 0) << reference.err();
  int kills = 0;
  for (const char* file : {"packs/pack_0000.h5.ckpt", "packs/pack_0001.h5.partial",
                           "packs/pack_0001.h5.ckpt", "packs/pack_0002.h5.ckpt"}) {
    Engine killed(reactive_run(out, kAdversary, {"--resume"}), texts);
    killed.wait_for(out + "/" + file);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    killed.signal(SIGKILL);
    kills += killed.wait() == -SIGKILL ? 1 : 0;
  }
  EXPECT_GE(kills, 1);
  Engine last(reactive_run(out, kAdversary, {"--resume"}), texts);
  ASSERT_EQ(last.wait(), 0) << last.err();
  expect_same_run(out, whole);
}

}  // namespace
}  // namespace tightrope
