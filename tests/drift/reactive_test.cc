// SPDX-License-Identifier: Apache-2.0
// Processes that answer a policy: hand-made policies whose worst law, or whose fixed point, is
// known.
#include <gtest/gtest.h>

#include <cmath>

#include "drift/distance_search.h"
#include "tests/drift/drift_support.h"

namespace tightrope::drift_test {
namespace {

// A policy that always answers `q`: its expected loss under a law is sum_z prior[z] (-log q[z]).
PolicyObservation constant_policy(const std::vector<double>& q) {
  const auto loss = [q](const WorldParams& params) {
    double sum = 0;
    for (std::size_t z = 0; z < q.size(); ++z) {
      sum -= params.at("prior").values[z] * std::log(q[z]);
    }
    return sum;
  };
  const auto regret = [q, loss](const WorldParams& params) {
    double entropy = 0;
    for (const double p : params.at("prior").values) entropy -= p > 0 ? p * std::log(p) : 0;
    return loss(params) - entropy;
  };
  return {loss, regret, [q](const WorldParams&) { return q; }};
}

// What a lane does: decisions over 0 .. horizon - 1.
std::vector<DriftReaction> reactions_of(const DriftProcess& process,
                                        const PolicyObservation& policy,
                                        std::int64_t horizon = 100) {
  const ReactiveRule& rule = *process.reactive();
  std::vector<DriftReaction> out;
  for (std::int64_t t = 0; t < horizon; ++t) {
    const DriftClock clock{horizon, &measure(), out};
    if (!rule.decisions(clock).has(t)) continue;
    out.push_back({t, rule.react(small_world(), t, clock, path_stream(), policy)});
  }
  return out;
}

WorldParams law_at(const DriftProcess& process, const std::vector<DriftReaction>& reactions,
                   std::int64_t t, std::int64_t horizon = 100) {
  return process.apply(small_world(), t, DriftClock{horizon, &measure(), reactions}, path_stream());
}

double distance(const WorldParams& before, const WorldParams& after, const char* of = "kl") {
  return whole_distance(measure().distances(before, after), of);
}

const std::vector<double> kFirst = {0.85, 0.05, 0.05, 0.05};  // sure of disease 0
// Two targets: more of disease 0, or more of disease 3.
const std::string kTwo = "towards: [[0.7, 0.14, 0.14, 0.02], [0.1, 0.1, 0.1, 0.7]]";

TEST(Adversarial, ChoosesTheWorseOfTwoTargets) {
  const auto process =
      build("{type: adversarial, " + kTwo +
            ", start: 5, every: 10, stop: 5, measure: kl, step_budget: 0.05, budget: 0.05}");
  const auto sure_of_first = reactions_of(*process, constant_policy(kFirst));
  ASSERT_EQ(sure_of_first.size(), 1U);
  EXPECT_EQ(sure_of_first[0].time, 5);
  EXPECT_EQ(sure_of_first[0].numbers[0], 2) << "away from what it is sure of";
  EXPECT_EQ(law_at(*process, sure_of_first, 4).at("prior").values,
            small_world().at("prior").values);
  EXPECT_GT(law_at(*process, sure_of_first, 5).at("prior").values[3], 0.1);
  const auto sure_of_last = reactions_of(*process, constant_policy({0.05, 0.05, 0.05, 0.85}));
  EXPECT_EQ(sure_of_last[0].numbers[0], 1);
  EXPECT_GT(law_at(*process, sure_of_last, 99).at("prior").values[0], 0.4);
}

// Loss likes a law that nobody can predict; regret one that others could.
TEST(Adversarial, RegretIsNotFooledByEntropy) {
  const std::string options =
      ", towards: [uniform, [0.1, 0.8, 0.05, 0.05]], stop: 1, "
      "measure: total_variation, step_budget: 0.1, budget: 0.1}";
  const PolicyObservation policy = constant_policy({0.4, 0.3, 0.15, 0.15});
  EXPECT_EQ(
      reactions_of(*build("{type: adversarial, objective: loss" + options), policy)[0].numbers[0],
      1);
  const auto regret = build("{type: adversarial, objective: regret" + options);
  EXPECT_EQ(reactions_of(*regret, policy)[0].numbers[0], 2);
  EXPECT_EQ(regret->reactive()->measures()[1], "drift/regret");
}

TEST(Adversarial, StaysWhereMovingDoesNotHurt) {
  const auto process = build("{type: adversarial, " + kTwo + "}");
  for (const DriftReaction& reaction :
       reactions_of(*process, constant_policy({0.25, 0.25, 0.25, 0.25}))) {
    EXPECT_EQ(reaction.numbers[0], 0) << "every law is equally bad";
    EXPECT_EQ(reaction.numbers[2], 0);
  }
}

TEST(Adversarial, SpendsItsBudgetAndNoMore) {
  for (const char* of : {"kl", "hellinger", "total_variation"}) {
    const auto process = build(std::string("{type: adversarial, towards: [uniform, reversed, ") +
                               "[0.01, 0.01, 0.01, 0.97]], start: 1, every: 4, step_budget: 0.03, "
                               "budget: 0.1, measure: " +
                               of + "}");
    const auto reactions = reactions_of(*process, constant_policy(kFirst));
    ASSERT_EQ(reactions.size(), 25U);
    double spent = 0;
    WorldParams before = small_world();
    for (std::size_t k = 0; k < reactions.size(); ++k) {
      const WorldParams after = law_at(*process, reactions, reactions[k].time);
      const double step = distance(before, after, of);
      EXPECT_LE(step, 0.03);
      if (k < 3) {
        EXPECT_NEAR(step, 0.03, 1e-6) << of;
      }
      EXPECT_NEAR(reactions[k].numbers[2], step, 1e-7) << "rounding of a root";
      spent += reactions[k].numbers[2];
      EXPECT_LE(spent, 0.1) << of;
      before = after;
    }
    EXPECT_NEAR(spent, 0.1, 1e-6) << of;
    const std::vector<double> shown = process->reactive()->measured(reactions);
    EXPECT_NEAR(shown[3], 0.1, 1e-6);
    EXPECT_NEAR(process->progress(99, DriftClock{100, &measure(), reactions}, path_stream()), 1,
                1e-5);
  }
}

TEST(Adversarial, GoesAllTheWayToANearTarget) {
  const auto process =
      build("{type: adversarial, towards: [[0.39, 0.3, 0.2, 0.11]], step_budget: 5, budget: 5}");
  const auto reactions = reactions_of(*process, constant_policy(kFirst));
  EXPECT_EQ(reactions[0].numbers[1], 1);
  EXPECT_EQ(law_at(*process, reactions, 50).at("prior").values,
            (std::vector<double>{0.39, 0.3, 0.2, 0.11}));
  for (std::size_t k = 1; k < reactions.size(); ++k) EXPECT_EQ(reactions[k].numbers[0], 0);
}

// One decision with the whole budget hurts at least as much as magnitude_targeted to any one target
// at that distance; several decisions never give loss back.
TEST(Adversarial, HurtsAtLeastAsMuchAsEverySingleTarget) {
  const std::vector<std::string> targets = {"uniform", "[0.7, 0.1, 0.1, 0.1]",
                                            "[0.1, 0.6, 0.2, 0.1]", "reversed"};
  for (const std::vector<double>& q :
       {kFirst, std::vector<double>{0.3, 0.1, 0.2, 0.4}, std::vector<double>{0.1, 0.2, 0.6, 0.1}}) {
    const PolicyObservation policy = constant_policy(q);
    const std::string all = targets[0] + ", " + targets[1] + ", " + targets[2] + ", " + targets[3];
    const auto once = build("{type: adversarial, towards: [" + all +
                            "], stop: 1, measure: kl, step_budget: 0.04, budget: 0.04}");
    const double hurt = policy.loss(law_at(*once, reactions_of(*once, policy), 99));
    double worst = policy.loss(small_world());
    for (const std::string& target : targets) {
      const auto single =
          build("{type: magnitude_targeted, at: 1, magnitude: 0.04, to: " + target + "}");
      worst = std::max(worst, policy.loss(law_at(*single, {}, 99)));
    }
    EXPECT_NEAR(hurt, worst, 1e-5) << "it is the best of exactly these laws";
    const auto often = build("{type: adversarial, towards: [" + all + "], every: 3}");
    double before = policy.loss(small_world());
    for (const DriftReaction& reaction : reactions_of(*often, policy)) {
      EXPECT_GE(reaction.numbers[3], before);
      before = reaction.numbers[3];
    }
  }
}

TEST(Adversarial, TargetsAreThoseOfTheBase) {
  const auto process = build(
      "{type: adversarial, factor: visual, table: polarity, towards: [{shift: -0.2}], every: 5, "
      "step_budget: 1, budget: 9}");
  const auto reactions = reactions_of(
      *process, {[](const WorldParams& p) { return -p.at("polarity").values[0]; }, {}, {}});
  EXPECT_NEAR(law_at(*process, reactions, 99).at("polarity").values[0], 0.74, 1e-12)
      << "shifted once, however often it decides";
}

TEST(SelfDrift, HoldsTheMixtureWithAConstantPolicy) {
  const auto process = build("{type: self, strength: 0.25, start: 10, every: 20}");
  const auto reactions = reactions_of(*process, constant_policy(kFirst));
  ASSERT_EQ(reactions.size(), 5U) << "10, 30, 50, 70, 90";
  EXPECT_EQ(law_at(*process, reactions, 9).at("prior").values, small_world().at("prior").values);
  for (const std::int64_t t : {10, 45, 100}) {
    const std::vector<double> prior = law_at(*process, reactions, t).at("prior").values;
    for (std::size_t z = 0; z < prior.size(); ++z) {
      EXPECT_NEAR(prior[z], 0.75 * small_world().at("prior").values[z] + 0.25 * kFirst[z], 1e-12);
    }
  }
  EXPECT_TRUE(std::isnan(process->reactive()->measured({reactions[0]})[0]));
  EXPECT_EQ(process->reactive()->measured(reactions)[0], 0) << "a fixed point";
}

// A policy that answers twice the prior of the first disease: p <- (1 - w) b + w q(p) contracts to
// its fixed point p = (1 - w) b / (1 - 2 w) in that disease.
TEST(SelfDrift, IteratesToThePerformativelyStableLaw) {
  const auto process = build("{type: self, strength: 0.25, start: 1, every: 1}");
  const auto doubled = [](const WorldParams& params) {
    const double p = params.at("prior").values[0];
    return std::vector<double>{2 * p, (1 - 2 * p) / 3, (1 - 2 * p) / 3, (1 - 2 * p) / 3};
  };
  WorldParams base = small_world();
  base.at("prior").values = {0.1, 0.3, 0.3, 0.3};
  std::vector<DriftReaction> reactions;
  for (std::int64_t t = 1; t < 80; ++t) {
    const DriftClock clock{100, &measure(), reactions};
    reactions.push_back(
        {t, process->reactive()->react(base, t, clock, path_stream(), {{}, {}, doubled})});
  }
  const double stable = 0.75 * 0.1 / (1 - 2 * 0.25);
  const DriftClock clock{100, &measure(), reactions};
  EXPECT_NEAR(process->apply(base, 99, clock, path_stream()).at("prior").values[0], stable, 1e-12);
}

TEST(SelfDrift, NeedsAPriorOfDiseases) {
  WorldParams world;
  world.add({"context", "prior", Constraint::kSimplex, {"context"}, {2}, {0.5, 0.5}, "1", ""});
  try {
    build("{type: self}")->apply(world, 1, DriftClock{100}, path_stream());
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("this world has context [context]"), std::string::npos)
        << error.what();
  }
}

TEST(Reactive, ErrorsSayWhatIsAllowed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{type: adversarial, towards: uniform}", "must be a list of at least one target"},
      {"{type: adversarial, towards: [uniform, reverse]}", "did you mean \"reversed\"?"},
      {"{type: adversarial, towards: [reversed, {scale: -1}]}", "towards.1: to = {scale: -1}"},
      {"{type: adversarial, start: 0}", "start"},
      {"{type: adversarial, measure: tv}", "total_variation"},
      {"{type: adversarial, budget: 0}", "budget"},
      {"{type: adversarial, stop: soon}", "stop = \"soon\": must be a step"},
      {"{type: adversarial, factor: priro}", "did you mean \"prior\"?"},
      {"{type: self, strength: 1.5}", "strength"}};
  for (const auto& [yaml, text] : cases) {
    const std::string said = drift_error(yaml);
    EXPECT_NE(said.find(text), std::string::npos) << yaml << "\n" << said;
  }
}

TEST(DecisionTimes, CountAndMembershipAgree) {
  for (const DecisionTimes& times :
       {DecisionTimes{1, 1, 50}, DecisionTimes{7, 10, 47}, DecisionTimes{7, 10, 46},
        DecisionTimes{9, 3, 8}, DecisionTimes{9, 3, 9}}) {
    std::int64_t count = 0;
    for (std::int64_t t = 0; t <= 60; ++t) {
      count += times.has(t) ? 1 : 0;
      EXPECT_EQ(times.until(t), count) << times.first << " " << times.every << " " << t;
    }
  }
}

}  // namespace
}  // namespace tightrope::drift_test
