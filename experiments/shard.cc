// SPDX-License-Identifier: Apache-2.0
#include "experiments/shard.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "core/base/check.h"

namespace tightrope {
namespace {

// Trained, evaluated and recorded sequences of one segment.
double segment_work(const Experiment& e, int stage) {
  const Stage& spec = e.stages[static_cast<std::size_t>(stage)];
  const double pair = spec.optimizer->trajectories() == TrajectoryKind::kPair ? 2 : 1;
  const auto steps = static_cast<double>(spec.steps);
  const auto environments = static_cast<double>(e.environments.size());
  const double evaluations = 2 + steps / static_cast<double>(e.evaluate.every);
  const double records = 2 + steps / static_cast<double>(e.record.every);
  return steps * static_cast<double>(spec.batch) * pair +
         environments * (evaluations * 4 * static_cast<double>(e.evaluate.cases) +
                         records * static_cast<double>(e.record.probes));
}

int root_of(std::vector<int>& above, int p) {
  while (above[p] != p) p = above[p] = above[above[p]];
  return p;
}

}  // namespace

Shard parse_shard(const std::string& text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto number = [](const std::string& part) {
    return Node::scalar(part).as_integer().value_or(-1);
  };
  const std::int64_t index = number(text.substr(0, slash));
  const std::int64_t count = number(text.substr(std::min(slash + 1, text.size())));
  TR_REQUIRE(count >= 1 && count <= 1000000 && index >= 0 && index < count,
             "--shard {}: expected i/n with 0 <= i < n, for example 0/4, 1/4, 2/4, 3/4", text);
  return {static_cast<int>(index), static_cast<int>(count)};
}

std::vector<PlanPart> independent_parts(const Plan& plan) {
  const std::vector<Segment>& segments = plan.segments();
  std::vector<int> above(plan.packs().size());
  std::iota(above.begin(), above.end(), 0);
  for (const Segment& segment : segments) {
    for (const int other : {segment.parent, segment.reference}) {
      if (other < 0) continue;
      const int a = root_of(above, segment.pack), b = root_of(above, segments[other].pack);
      above[std::max(a, b)] = std::min(a, b);
    }
  }
  std::map<int, PlanPart> parts;  // by first pack
  for (int p = 0; p < static_cast<int>(plan.packs().size()); ++p) {
    const Pack& pack = plan.packs()[p];
    PlanPart& part = parts[root_of(above, p)];
    part.packs.push_back(p);
    const auto experiment = plan.experiment(segments[pack.segments.front()].point);
    part.work += segment_work(*experiment, pack.stage) * static_cast<double>(pack.segments.size());
  }
  std::vector<PlanPart> out;
  for (auto& [first, part] : parts) out.push_back(std::move(part));
  return out;
}

std::vector<std::uint8_t> packs_of(const Plan& plan, Shard shard) {
  std::vector<PlanPart> parts = independent_parts(plan);
  std::stable_sort(parts.begin(), parts.end(),
                   [](const PlanPart& a, const PlanPart& b) { return a.work > b.work; });
  std::vector<double> load(shard.count, 0.0);
  std::vector<std::uint8_t> out(plan.packs().size(), 0);
  for (const PlanPart& part : parts) {
    const auto least = std::min_element(load.begin(), load.end());
    *least += part.work;
    if (least - load.begin() != shard.index) continue;
    for (const int p : part.packs) out[p] = 1;
  }
  return out;
}

}  // namespace tightrope
