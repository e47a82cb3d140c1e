// SPDX-License-Identifier: Apache-2.0
// The world as one lane meets it: what all lanes of a seed share, moved by the lane's own reactive
// drift process if there is one. Two arms of a seed then share everything but that path.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/api/optimizer.h"
#include "core/api/policy.h"
#include "core/log/checkpoint.h"
#include "experiments/world_context.h"

namespace tightrope {

class LaneWorld {
 public:
  // `reactions` are those of the lane's earlier stages.
  LaneWorld(std::shared_ptr<WorldContext> context, std::vector<DriftReaction> reactions);

  WorldContext& context() const { return *context_; }
  const std::vector<DriftReaction>& reactions() const { return reactions_; }

  // The laws that cases 0 .. count - 1 of stream time t come from.
  CaseLaws laws_at(std::int64_t t, int count);
  // Lets the reactive process decide, if t is one of its decision times and it has not yet. Its
  // observation draws cases 0, 1, ... at step t of a stream of its own below the drift's, so that
  // nothing else depends on it. False, with nothing decided, when what it saw is not finite.
  bool react(std::int64_t t, const Policy& policy, std::span<const float> parameters,
             Workspace& workspace);

  // Names of what is logged of a decision: the process's measures, then the exact distance of the
  // law from the one at time 0 (drift/kl, drift/hellinger, drift/total_variation); empty when
  // nothing reacts.
  static std::vector<std::string> metrics(const DriftList& drift);
  // Their values when the last reaction is of time t; otherwise empty.
  MetricSums metrics_at(std::int64_t t) const;
  // Exact distances of the law at time t from the law at time 0, per mechanism; NaN when the law is
  // not known yet at time `now`, because a decision of now .. t moves it.
  std::vector<MechanismDistance> distances(std::int64_t t, std::int64_t now) const;

  // Exact distances of the law at time `to` from the law at time `from`, as distances().
  std::vector<MechanismDistance> step(std::int64_t from, std::int64_t to, std::int64_t now) const;

  void save(Checkpoint& checkpoint, const std::string& prefix) const;
  void load(const Checkpoint& checkpoint, const std::string& prefix);

 private:
  const ReactiveRule* rule() const {
    return place_ ? context_->drift()[*place_]->reactive() : nullptr;
  }

  std::shared_ptr<WorldContext> context_;
  std::optional<std::size_t> place_;  // of the reactive process
  std::vector<DriftReaction> reactions_;
  // The law asked for last, of each side of a mixture: it rarely changes.
  std::map<DriftSide, std::pair<WorldParams, std::shared_ptr<const Environment>>> recent_;
};

// Reactions as numbers of a checkpoint, under PREFIX/time and PREFIX/numbers; none are not written.
void save_reactions(Checkpoint& checkpoint, const std::string& prefix,
                    const std::vector<DriftReaction>& reactions);
std::vector<DriftReaction> load_reactions(const Checkpoint& checkpoint, const std::string& prefix);

}  // namespace tightrope
