// SPDX-License-Identifier: Apache-2.0
// Lanes of the engine side by side in one run: time per lane step with 1 and 256 lanes on one
// thread, two threads against one, and the memory of a lane. Prints medians of interleaved repeats
// and their ratios.
//   bench_lanes EXPERIMENT.yaml [lanes] [repeats]
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <vector>

#include "experiments/lane.h"
#include "experiments/runner.h"
#include "experiments/stage_policy.h"
#include "experiments/streams.h"
#include "experiments/workers.h"

namespace tightrope {
namespace {

constexpr std::int64_t kBlock = 50;  // steps a lane runs before the next one, as in the engine

using Lanes = std::vector<std::unique_ptr<Lane>>;

Lanes make_lanes(const Plan& plan, int count) {
  int point = 0;
  for (const Run& run : plan.runs()) {
    if (run.row == "cpo") point = run.point;
  }
  const auto experiment = std::make_shared<Experiment>(*plan.experiment(point));
  experiment->stages.back().steps = 1 << 30;  // the schedule does not change the work
  std::shared_ptr<const Policy> policy;
  Lanes lanes;
  for (int seed = 0; seed < count; ++seed) {
    auto context = std::make_shared<WorldContext>(*experiment, seed);
    if (!policy) policy = make_policy(*experiment, context->world());
    std::vector<float> start(policy->parameter_count(), 0.0F);
    policy->initialise(lane_stream(*experiment, Purpose::kInitial, seed), start);
    lanes.push_back(std::make_unique<Lane>(experiment, experiment->stages.size() - 1, seed, context,
                                           policy, start, start));
  }
  return lanes;
}

// Seconds per lane step of one block on every lane.
double time_block(Lanes& lanes, int count, int threads) {
  const std::atomic<bool> stop{false};
  const auto begin = std::chrono::steady_clock::now();
  parallel_for(count, threads, [&](int l) { lanes[l]->advance(lanes[l]->step() + kBlock, stop); });
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  for (auto& lane : lanes) lane->clear_pending();
  return spent.count() / static_cast<double>(count * kBlock);
}

// Resident memory of this process, megabytes.
double resident() {
  std::ifstream file("/proc/self/statm");
  double pages = 0;
  file >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void run(const std::string& file, int count, int repeats) {
  const Plan plan(load_experiment_tree(file, {}), {{"confirm", {0}}});
  Lanes one = make_lanes(plan, 1);
  const std::atomic<bool> stop{false};
  one[0]->advance(1, stop);
  const double before = resident();
  Lanes many = make_lanes(plan, count);
  parallel_for(count, 2, [&](int l) { many[l]->advance(1, stop); });
  fmt::print("memory of a lane with its data: {:.2f} MB ({} lanes, {:.0f} MB in all)\n",
             (resident() - before) / count, count, resident());
  std::vector<double> alone, packed, packed_ratio, thread_ratio;
  const int shared = std::min(count, 16);
  for (int r = 0; r < repeats; ++r) {
    alone.push_back(
        std::min({time_block(one, 1, 1), time_block(one, 1, 1), time_block(one, 1, 1)}));
    packed.push_back(time_block(many, count, 1));
    packed_ratio.push_back(packed.back() / alone.back());
    const double single = time_block(many, shared, 1);
    thread_ratio.push_back(single / time_block(many, shared, 2));
  }
  fmt::print("lane step, 1 lane:          {:.4f} ms\n", 1e3 * median(alone));
  fmt::print("lane step, {} lanes:       {:.4f} ms\n", count, 1e3 * median(packed));
  fmt::print("ratio {} lanes / 1 lane:   {:.3f} (median of {})\n", count, median(packed_ratio),
             repeats);
  fmt::print("two threads / one thread:   {:.3f} x (median of {}, {} lanes)\n",
             median(thread_ratio), repeats, shared);
}

}  // namespace
}  // namespace tightrope

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: bench_lanes EXPERIMENT.yaml [lanes] [repeats]\n");
    return 2;
  }
  tightrope::run(argv[1], argc > 2 ? std::atoi(argv[2]) : 256, argc > 3 ? std::atoi(argv[3]) : 7);
  return 0;
}
