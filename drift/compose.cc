// SPDX-License-Identifier: Apache-2.0
#include "drift/compose.h"

#include <algorithm>

#include "core/base/check.h"

namespace tightrope {
namespace {

DriftSide bit(std::size_t i) { return DriftSide{1} << i; }

}  // namespace

Stream path_of(const Stream& stream, std::size_t i) { return stream.child(i + 1); }

std::vector<double> mixture_weights(const DriftList& list, std::int64_t t,
                                    const DriftClock& clock) {
  TR_REQUIRE(list.size() <= 63, "drift: {} processes, at most 63 are allowed", list.size());
  std::vector<double> weights;
  for (const auto& process : list) weights.push_back(process->mixture_weight(t, clock));
  return weights;
}

bool is_certain(const std::vector<double>& weights) {
  return std::all_of(weights.begin(), weights.end(), [](double w) { return w <= 0 || w >= 1; });
}

DriftSide likeliest_side(const std::vector<double>& weights) {
  DriftSide side = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] >= 0.5) side |= bit(i);
  }
  return side;
}

DriftSide draw_side(const std::vector<double>& weights, const Stream& stream, std::int64_t t,
                    std::uint32_t row) {
  DriftSide side = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const bool certain = weights[i] <= 0 || weights[i] >= 1;
    const bool acts = certain ? weights[i] >= 1
                              : path_of(stream, i)
                                    .child(1)
                                    .at(static_cast<std::uint32_t>(t), row)
                                    .bernoulli(weights[i]);
    if (acts) side |= bit(i);
  }
  return side;
}

WorldParams compose(const DriftList& list, const WorldParams& base, std::int64_t t,
                    const DriftClock& clock, const Stream& stream, DriftSide side) {
  return compose_part(list, 0, list.size(), base, t, clock, stream, side);
}

WorldParams compose_part(const DriftList& list, std::size_t begin, std::size_t end,
                         const WorldParams& from, std::int64_t t, const DriftClock& clock,
                         const Stream& stream, DriftSide side) {
  WorldParams params = from;
  for (std::size_t i = begin; i < end; ++i) {
    if ((side & bit(i)) == 0) continue;
    try {
      params = list[i]->apply(params, t, clock, path_of(stream, i));
    } catch (const InputError& error) {
      throw InputError(fmt::format("drift.{}: {}", i, error.what()));
    }
  }
  return params;
}

WorldParams compose(const DriftList& list, const WorldParams& base, std::int64_t t,
                    const DriftClock& clock, const Stream& stream) {
  return compose(list, base, t, clock, stream, likeliest_side(mixture_weights(list, t, clock)));
}

std::optional<std::size_t> reactive_place(const DriftList& list) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i]->reactive() != nullptr) return i;
  }
  return std::nullopt;
}

std::vector<DriftEvent> all_events(const DriftList& list, const DriftClock& clock,
                                   const Stream& stream) {
  std::vector<DriftEvent> events;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::vector<DriftEvent> more = list[i]->events(clock, path_of(stream, i));
    events.insert(events.end(), more.begin(), more.end());
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const DriftEvent& a, const DriftEvent& b) { return a.time < b.time; });
  return events;
}

}  // namespace tightrope
