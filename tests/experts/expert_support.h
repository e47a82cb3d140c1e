// SPDX-License-Identifier: Apache-2.0
// Worlds, cases and experts by their YAML, for tests of experts.
#pragma once

#include <memory>
#include <string>

#include "core/api/expert.h"
#include "core/config/yaml.h"

namespace tightrope::test {

inline std::shared_ptr<const World> make_world(const std::string& text, int seed = 0) {
  Problems problems;
  const auto model = Registry<WorldModel>::get().build(parse_yaml(text, "test"), "world", problems);
  problems.throw_if_any();
  return model->make(Stream(1, Purpose::kWorld, seed));
}

inline std::shared_ptr<const Expert> make_expert(const std::string& text) {
  Problems problems;
  auto expert = Registry<Expert>::get().build(parse_yaml(text, "test"), "expert", problems);
  problems.throw_if_any();
  return expert;
}

// A world, its environment at time 0 and cases of it.
struct Bench {
  explicit Bench(const std::string& world_text, int count = 200, int seed = 0)
      : world(make_world(world_text, seed)), environment(world->environment(world->base())) {
    environment->sample(Stream(2, Purpose::kData, seed), 0, 0, count, cases);
  }
  ExpertContext context() const {
    const int diseases = world->vocabulary().diseases();
    ExpertContext out{*world, *environment, cases, [diseases](int n, std::span<double> belief) {
                        for (int z = 0; z < diseases; ++z) belief[z] = 1.0 + (z + n) % 3;
                        for (double& b : belief) b /= 2.0 * diseases;
                      }};
    // The factual report with a diagnosis of its own: right in about half of the draws.
    out.policy_sample = [this, diseases](int n, const Stream& stream) {
      Draws draws = stream.at(0);
      const int z =
          draws.bernoulli(0.5) ? cases.disease[n] : static_cast<int>(draws.below(diseases));
      return make_trajectory(world->vocabulary(), cases.report_of(n), cases.category[n], z);
    };
    return out;
  }
  std::shared_ptr<const World> world;
  std::shared_ptr<const Environment> environment;
  Cases cases;
};

// The first defect of a trajectory by the grammar: "" when a policy's mask would allow every token
// (<answer_now> in place of </think> included) and mask and length are right.
inline std::string grammar_defect(const World& world, const Trajectory& trajectory) {
  const Vocabulary& v = world.vocabulary();
  const Grammar grammar(v, world.max_mentions());
  if (trajectory.tokens.size() < 4 || trajectory.tokens[0] != Vocabulary::think()) return "start";
  if (trajectory.mask.size() != trajectory.tokens.size() || trajectory.mask[0] != 0) return "mask";
  Grammar::State state = Grammar::start();
  bool answer = false;
  for (std::size_t t = 1; t < trajectory.tokens.size(); ++t) {
    const Token token = trajectory.tokens[t];
    const bool forced = token == Vocabulary::answer_now() && !answer;
    if (!forced && !grammar.grammatical(state).contains(token)) return "token " + v.name(token);
    if (forced != (trajectory.mask[t] == 0)) return "mask of " + v.name(token);
    answer = answer || forced || token == v.end_think();
    state = grammar.next(state, token);
  }
  return state.last == Vocabulary::end_of_sequence() ? "" : "end";
}

// The diagnosis that a trajectory ends in.
inline int answer_of(const World& world, const Trajectory& trajectory) {
  return world.vocabulary().disease_of(trajectory.tokens[trajectory.tokens.size() - 2]);
}

}  // namespace tightrope::test
