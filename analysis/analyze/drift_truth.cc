// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/drift_truth.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <string>
#include <string_view>

#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr std::int64_t kEndless = std::numeric_limits<std::int64_t>::max();
constexpr std::array<std::string_view, 6> kLasting = {
    "gradual", "incremental", "adversarial", "random_walk", "ornstein_uhlenbeck", "self"};

bool lasts(const std::string& process) {
  return std::find(kLasting.begin(), kLasting.end(), process) != kLasting.end();
}

struct Events {
  std::size_t per_segment = 0;
  std::vector<std::int64_t> time;  // -1: no event
  std::vector<std::string> process, factor, kind;
};

Events read_events(const PackView& view) {
  Events events;
  const LogReader& log = view.log;
  if (!log.has("drift/event_time")) return events;
  const LogShape shape = log.info("drift/event_time").shape;
  bool fit = shape.size() == 2 && shape[0] == view.segments;
  for (const char* name : {"event_process", "event_factor", "event_kind"}) {
    const std::string full = std::string("drift/") + name;
    fit = fit && log.has(full) && log.info(full).shape == shape;
  }
  require_fit(fit, "{}: the events of /drift do not fit their axes", log.path());
  events.per_segment = shape[1];
  events.time = log.read<std::int64_t>("drift/event_time").values;
  events.process = log.read_strings("drift/event_process").values;
  events.factor = log.read_strings("drift/event_factor").values;
  events.kind = log.read_strings("drift/event_kind").values;
  return events;
}

std::vector<DriftInterval> merged(std::vector<DriftInterval> drifts) {
  std::sort(drifts.begin(), drifts.end(),
            [](const DriftInterval& a, const DriftInterval& b) { return a.start < b.start; });
  std::vector<DriftInterval> out;
  for (const DriftInterval& drift : drifts) {
    if (!out.empty() && drift.start <= out.back().end) {
      out.back().end = std::max(out.back().end, drift.end);
    } else {
      out.push_back(drift);
    }
  }
  return out;
}

// The drifts of segment s in stream time. The events of a segment ascend in time, so that an end
// belongs to the earliest start of its process that is open; one without a start began before all.
std::vector<DriftInterval> drifts_of(const Events& events, std::size_t s) {
  std::vector<DriftInterval> out;
  std::map<std::string, std::vector<std::size_t>> open;  // places in `out` by process and factor
  for (std::size_t i = s * events.per_segment; i < (s + 1) * events.per_segment; ++i) {
    const std::int64_t time = events.time[i];
    if (time < 0) continue;
    if (!lasts(events.process[i]) || events.kind[i] == "switch") {
      out.push_back({time, time});
      continue;
    }
    std::vector<std::size_t>& begun = open[events.process[i] + "/" + events.factor[i]];
    if (events.kind[i] == "start") {
      begun.push_back(out.size());
      out.push_back({time, kEndless});
    } else if (begun.empty()) {
      out.push_back({0, time});
    } else {
      out[begun.front()].end = time;
      begun.erase(begun.begin());
    }
  }
  return merged(std::move(out));
}

}  // namespace

std::vector<std::vector<DriftInterval>> drift_truth(const PackView& view) {
  std::vector<std::vector<DriftInterval>> out(view.segments);
  const Events events = read_events(view);
  for (std::size_t s = 0; s < view.segments; ++s) {
    if (view.follows_world[s] == 0) continue;
    out[s] = drifts_of(events, s);
    for (DriftInterval& drift : out[s]) {
      drift.start -= view.stage_start[s];
      if (drift.end != kEndless) drift.end -= view.stage_start[s];
    }
  }
  return out;
}

std::vector<DriftInterval> visible_drifts(const std::vector<DriftInterval>& drifts,
                                          std::int64_t first, std::int64_t last) {
  std::vector<DriftInterval> out;
  for (const DriftInterval& drift : drifts) {
    if (drift.end <= first || drift.start > last) continue;
    out.push_back({std::max(drift.start, first) - first, std::min(drift.end, last) - first});
  }
  return out;
}

}  // namespace tightrope
