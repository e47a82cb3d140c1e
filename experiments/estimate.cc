// SPDX-License-Identifier: Apache-2.0
#include "experiments/estimate.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "experiments/lane.h"
#include "experiments/probes.h"
#include "experiments/streams.h"

namespace tightrope {
namespace {

// Seconds per lane step of one stage: a short burst of a fresh lane on few cases.
double time_steps(const Experiment& full, std::size_t stage, std::int64_t seed) {
  auto small = std::make_shared<Experiment>(full);
  Stage& spec = small->stages[stage];
  spec.cases = std::min<std::int64_t>(spec.cases, 4 * spec.batch);
  const auto context = std::make_shared<WorldContext>(*small, seed);
  const World& world = context->world();
  const auto policy =
      small->policy->make({world.vocabulary(), world.channels(), world.max_mentions()});
  std::vector<float> start(policy->parameter_count(), 0.0F);
  policy->initialise(lane_stream(*small, Purpose::kInitial, seed), start);
  Lane lane(small, stage, seed, context, policy, start, start);
  const std::atomic<bool> go_on{false};
  const std::int64_t burst = std::min<std::int64_t>(spec.steps, 20);
  lane.advance(1, go_on);
  const auto begin = std::chrono::steady_clock::now();
  lane.advance(burst, go_on);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  return spent.count() / static_cast<double>(std::max<std::int64_t>(1, burst - 1));
}

double bytes_per_segment(const Experiment& e, std::size_t stage, const World& world) {
  const ProbeShape s = probe_shape(e, world);
  const double steps = static_cast<double>(e.stages[stage].steps);
  const double cells = static_cast<double>(s.environments * s.probes * s.positions);
  const double full = static_cast<double>(s.environments * s.full * s.positions * s.vocabulary);
  const double records = 2 + steps / static_cast<double>(e.record.every);
  const double row =
      cells * (static_cast<double>(s.top) * 16 + 16 + static_cast<double>(s.diseases) * 4) +
      full * 8;
  return steps * 8 * static_cast<double>(Lane::scalar_names(e.stages[stage]).size()) +
         records * row + 2 * full * 8 + 2 * cells * static_cast<double>(s.diseases) * 4;
}

}  // namespace

Estimate estimate_cost(const Plan& plan) {
  Estimate out;
  out.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  std::map<int, std::pair<double, double>> per_stage;  // seconds per step, bytes per segment
  for (const Pack& pack : plan.packs()) {
    const Segment& first = plan.segments()[pack.segments.front()];
    const auto experiment = plan.experiment(first.point);
    const auto stage = static_cast<std::size_t>(pack.stage);
    if (per_stage.count(pack.stage) == 0) {
      const auto world =
          experiment->world->make(lane_stream(*experiment, Purpose::kWorld, first.seed));
      per_stage[pack.stage] = {time_steps(*experiment, stage, first.seed),
                               bytes_per_segment(*experiment, stage, *world)};
    }
    const double lanes = static_cast<double>(pack.segments.size());
    const std::int64_t steps = experiment->stages[stage].steps;
    out.lane_steps += steps * static_cast<std::int64_t>(pack.segments.size());
    out.seconds += per_stage[pack.stage].first * static_cast<double>(steps) * lanes / out.threads;
    out.megabytes += per_stage[pack.stage].second * lanes / 1e6;
  }
  return out;
}

}  // namespace tightrope
