// SPDX-License-Identifier: Apache-2.0
// A list of drift processes as one law. Without mixtures there is one law per time. With m mixing
// processes a case comes from one of at most 2^m laws, drawn per case:
//
//   weights = mixture_weights(list, t, clock)
//   side    = draw_side(weights, stream, t, row)      per case; the same case, the same side
//   params  = compose(list, base, t, clock, stream, side)      one environment per distinct side
//
// `stream` has purpose kDriftPath; process i gets stream.child(i + 1) as its path.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/api/drift_process.h"

namespace tightrope {

using DriftList = std::vector<std::shared_ptr<const DriftProcess>>;

// Bit i: process i acts (the case comes from its new law). Lists hold at most 63 processes.
using DriftSide = std::uint64_t;

// Probability of each process's new law at time t, in [0, 1]; 1 where nothing is mixed.
std::vector<double> mixture_weights(const DriftList& list, std::int64_t t, const DriftClock& clock);

// Whether every weight is 0 or 1: one law for all cases at this time.
bool is_certain(const std::vector<double>& weights);

// The likeliest side (weight >= 1/2 acts): the law of a named environment.
DriftSide likeliest_side(const std::vector<double>& weights);

// The side of the case in `row` at time t: process i acts iff a uniform of
// stream.child(i + 1).child(1).at(t, row) is below its weight, so that MOA's mixture is per case.
DriftSide draw_side(const std::vector<double>& weights, const Stream& stream, std::int64_t t,
                    std::uint32_t row);

// The params at time t on a side. Throws InputError naming the process's place in the list.
WorldParams compose(const DriftList& list, const WorldParams& base, std::int64_t t,
                    const DriftClock& clock, const Stream& stream, DriftSide side);

// The same on the likeliest side: the whole law when nothing is mixed.
WorldParams compose(const DriftList& list, const WorldParams& base, std::int64_t t,
                    const DriftClock& clock, const Stream& stream);

// The part of compose() that processes begin .. end - 1 of the list do, from what those before
// made.
WorldParams compose_part(const DriftList& list, std::size_t begin, std::size_t end,
                         const WorldParams& from, std::int64_t t, const DriftClock& clock,
                         const Stream& stream, DriftSide side);

// The path of process i below the list's `stream`.
Stream path_of(const Stream& stream, std::size_t i);

// The place of the reactive process in the list; nothing when there is none.
std::optional<std::size_t> reactive_place(const DriftList& list);

// All events, by time, then by place in the list.
std::vector<DriftEvent> all_events(const DriftList& list, const DriftClock& clock,
                                   const Stream& stream);

}  // namespace tightrope
