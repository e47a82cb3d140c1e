// SPDX-License-Identifier: Apache-2.0
#include "experiments/estimate.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "experiments/evaluation.h"
#include "experiments/lane.h"
#include "experiments/probes.h"
#include "experiments/stage_policy.h"
#include "experiments/streams.h"

namespace tightrope {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Seconds of one segment on one thread: data, steps and evaluations, each timed on a little of it.
double time_segment(const Experiment& full, std::size_t stage, std::int64_t seed) {
  auto small = std::make_shared<Experiment>(full);
  Stage& spec = small->stages[stage];
  spec.cases = std::min<std::int64_t>(spec.cases, 8 * spec.batch);
  small->evaluate.cases = std::min<std::int64_t>(small->evaluate.cases, 50);
  const auto context = std::make_shared<WorldContext>(*small, seed);
  const auto policy = make_policy(*small, context->world());
  std::vector<float> start(policy->parameter_count(), 0.0F);
  policy->initialise(lane_stream(*small, Purpose::kInitial, seed), start);
  Lane lane(small, stage, seed, context, policy, start, start);
  const std::atomic<bool> go_on{false};
  const std::int64_t burst = std::min<std::int64_t>(spec.steps, 20);
  auto begin = Clock::now();
  lane.advance(1, go_on);
  const double data = seconds_since(begin) * static_cast<double>(full.stages[stage].cases) /
                      static_cast<double>(spec.cases);
  begin = Clock::now();
  lane.advance(burst, go_on);
  const double step =
      seconds_since(begin) / static_cast<double>(std::max<std::int64_t>(1, burst - 1));
  double evaluation = 0;
  const std::vector<NamedMetric> metrics = metrics_of(small->evaluate);
  for (std::size_t e = 0; e < small->environments.size(); ++e) {
    context->evaluation(e);
    begin = Clock::now();
    evaluate({*context, e, *policy, start, spec.thinking, {}, Stream(), 0}, metrics,
             lane.workspace());
    evaluation += seconds_since(begin) * static_cast<double>(full.evaluate.cases) /
                  static_cast<double>(small->evaluate.cases);
  }
  const double evaluations = 2 + static_cast<double>(spec.steps / full.evaluate.every);
  return data + step * static_cast<double>(spec.steps) + evaluation * evaluations;
}

// What the time of a segment depends on: worlds, policies and the kind of work, not its numbers.
std::string kind_of_work(const Experiment& e, std::size_t stage) {
  const Stage& spec = e.stages[stage];
  return to_json(*e.resolved.find("world")) + to_json(*e.resolved.find("policy")) +
         std::to_string(spec.batch) + ":" + std::to_string(spec.steps) + ":" +
         std::to_string(spec.thinking) +
         std::to_string(static_cast<int>(spec.optimizer->trajectories()));
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
  return steps * 8 * static_cast<double>(Lane::scalar_names(e, stage).size()) + records * row +
         2 * full * 8 + 2 * cells * static_cast<double>(s.diseases) * 4;
}

}  // namespace

Estimate estimate_cost(const Plan& plan) {
  Estimate out;
  out.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  std::map<std::string, std::pair<double, double>> known;  // seconds and bytes of a segment
  for (const Pack& pack : plan.packs()) {
    const Segment& first = plan.segments()[pack.segments.front()];
    const auto experiment = plan.experiment(first.point);
    const auto stage = static_cast<std::size_t>(pack.stage);
    const auto [cost, fresh] = known.try_emplace(kind_of_work(*experiment, stage));
    if (fresh) {
      const auto world =
          experiment->world->make(lane_stream(*experiment, Purpose::kWorld, first.seed));
      cost->second = {time_segment(*experiment, stage, first.seed),
                      bytes_per_segment(*experiment, stage, *world)};
    }
    const double lanes = static_cast<double>(pack.segments.size());
    out.lane_steps +=
        experiment->stages[stage].steps * static_cast<std::int64_t>(pack.segments.size());
    out.seconds += cost->second.first * lanes / out.threads;
    out.megabytes += cost->second.second * lanes / 1e6;
  }
  return out;
}

}  // namespace tightrope
