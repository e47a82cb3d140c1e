// SPDX-License-Identifier: Apache-2.0
// A drift process is a map (base params, t, path) -> params, pure given its path. Processes compose
// in a list: each receives what the ones before it made. The path of a reactive process
// (core/api/drift_reaction.h), at most one of a list, depends on the policy and is handed in.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/api/drift_reaction.h"
#include "core/api/world_params.h"
#include "core/random/stream.h"
#include "core/registry/registry.h"

namespace tightrope {

class World;

// Stream time: optimizer steps over all stages, 0 .. horizon. Time `horizon` is "end".
struct DriftClock {
  std::int64_t horizon = 0;
  const World* world = nullptr;  // measures distances between params; null: nothing to measure with
  // What the reactive process decided so far, by time; the others do not look at it.
  std::span<const DriftReaction> reactions = {};
};

// A change of the law at one time, for /drift in the log.
struct DriftEvent {
  std::int64_t time = 0;
  std::string process;  // type of the process
  std::string factor;
  std::string kind;  // "start", "end", "switch"
};

class DriftProcess {
 public:
  virtual ~DriftProcess() = default;
  // The factor that is moved.
  virtual const std::string& factor() const = 0;
  // The params at stream time t. `base` is what the processes before this one made at t; `stream`
  // (purpose kDriftPath, this process's place in the list as child tag) holds the random path.
  // Throws InputError when the world has no table of the factor.
  virtual WorldParams apply(const WorldParams& base, std::int64_t t, const DriftClock& clock,
                            const Stream& stream) const = 0;
  // Where the law begins, ends or switches, within 0..horizon.
  virtual std::vector<DriftEvent> events(const DriftClock& clock, const Stream& stream) const = 0;
  // The weight of the new law at time t in [0, 1] (1 after a sudden change): what plots show.
  virtual double progress(std::int64_t t, const DriftClock& clock, const Stream& stream) const = 0;
  // For a probabilistic mixture of two laws (gradual drift in MOA's sense), which no params can
  // express: the probability that a case at time t comes from the new law; apply() then gives the
  // new law in full, whatever t. 1 for every other process: its apply() already is the law at t.
  // Who draws cases must respect it, see drift/compose.h.
  virtual double mixture_weight(std::int64_t t, const DriftClock& clock) const {
    static_cast<void>(t);
    static_cast<void>(clock);
    return 1;
  }
  // How the process answers the policy; null for those that do not.
  virtual const ReactiveRule* reactive() const { return nullptr; }
};

template <>
struct InterfaceName<DriftProcess> {
  static constexpr auto value = "drift";
};

}  // namespace tightrope
