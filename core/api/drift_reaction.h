// SPDX-License-Identifier: Apache-2.0
// A reactive drift process moves the world by what it sees of the policy. Its path is the list of
// what it decided, kept by the lane; given that list the process is as pure as any other.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/api/world_params.h"
#include "core/random/stream.h"

namespace tightrope {

struct DriftClock;

// What a reactive process decided at one stream time; it holds from that step's batch on.
struct DriftReaction {
  std::int64_t time = 0;
  std::vector<double> numbers;  // as many in every reaction of a process, all finite
};

// The stream times first, first + every, first + 2 every, ... <= last; none when last < first.
struct DecisionTimes {
  std::int64_t first = 1;  // >= 1: the law of time 0 answers nobody
  std::int64_t every = 1;
  std::int64_t last = 0;
  bool has(std::int64_t t) const { return t >= first && t <= last && (t - first) % every == 0; }
  // How many are <= t.
  std::int64_t until(std::int64_t t) const {
    const std::int64_t end = t < last ? t : last;
    return end < first ? 0 : (end - first) / every + 1;
  }
};

// What a reactive process may know of the policy: means over ReactiveRule::cases() cases of its
// answer without thinking, P(z | v). The cases are drawn from the law that is asked about, with the
// same draws for every law asked about at one decision (common random numbers); other decisions
// have other draws.
struct PolicyObservation {
  std::function<double(const WorldParams& params)> loss;  // mean of -log P(z | v), nat
  // Mean of KL(oracle of the law || policy) of that answer, nat: what the loss exceeds the
  // oracle's by in expectation, exact for each image.
  std::function<double(const WorldParams& params)> regret;
  std::function<std::vector<double>(const WorldParams& params)> answers;  // [Z] mean of P(. | v)
};

// What a reactive process adds to DriftProcess, whose apply(base, t, clock, stream) takes those of
// clock.reactions that have time <= t; without any it gives `base`.
class ReactiveRule {
 public:
  virtual ~ReactiveRule() = default;
  // When it decides: between 1 and horizon - 1, the last step that draws a batch. Looks at
  // clock.horizon alone.
  virtual DecisionTimes decisions(const DriftClock& clock) const = 0;
  // Cases of an observation, >= 1.
  virtual int cases() const = 0;
  // The numbers of its decision at t, pure in its arguments; clock.reactions are the earlier ones.
  // `base` is what the processes before it made at t, `stream` its path. Throws InputError where
  // apply() would, and when clock.world is null though it measures.
  virtual std::vector<double> react(const WorldParams& base, std::int64_t t,
                                    const DriftClock& clock, const Stream& stream,
                                    const PolicyObservation& policy) const = 0;
  // Names of what the log shows of a decision ("drift/loss"), and their values after the last of
  // `reactions`, of which there is at least one.
  virtual std::vector<std::string> measures() const = 0;
  virtual std::vector<double> measured(const std::vector<DriftReaction>& reactions) const = 0;
};

}  // namespace tightrope
