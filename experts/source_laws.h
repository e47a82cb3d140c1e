// SPDX-License-Identifier: Apache-2.0
// N drifting sources (arXiv 2510.04142, its source models): source s is the exact Bayes posterior
// of the world moved by drift processes of its own, and writes trajectories for any image.
#pragma once

#include <memory>
#include <vector>

#include "core/api/drift_process.h"
#include "core/api/expert.h"
#include "core/config/problems.h"

namespace tightrope {

// One entry per source: its drift processes, applied to the world at time 0 in order.
using SourceDrifts = std::vector<std::vector<std::shared_ptr<const DriftProcess>>>;

// [[{type: sudden, ...}, ...], {type: ...}, [], ...]: per source a list of processes or one.
// Problems go to `problems`.
SourceDrifts read_sources(const Node& list, const std::string& path, Problems& problems);

// The laws of all sources at one stream time.
struct SourceLaws final : ExpertData {
  std::vector<std::shared_ptr<const Environment>> laws;
};

// At clock.time; process p of source s draws its path from clock.path.child(s + 1).child(p + 1).
// Throws InputError where a process does not fit the world, or mixes laws case by case (gradual in
// its default mode), which no single posterior can express.
std::shared_ptr<const SourceLaws> source_laws(const SourceDrifts& drifts, const World& world,
                                              const ExpertClock& clock);

// What most trajectories say, finding by finding: present, absent or silent by plurality (a tie
// goes to silence, then to presence), the more frequent word, the most frequent diagnosis (a tie
// is drawn) with its category; the cap of mentions applied. Throws InternalError without any.
Trajectory consensus(const World& world, const std::vector<Trajectory>& trajectories, Draws draws);

}  // namespace tightrope
