// SPDX-License-Identifier: Apache-2.0
// A whole stage of the engine against its training steps alone (the policy's pass, the reference's
// and the stepper's update): what world, experts, probes, logging and evaluation add. One thread.
//   bench_stage EXPERIMENT.yaml ROW [lanes] [repeats]
// Prints the ratio without evaluation and with the file's own, each the median of the repeats.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <vector>

#include "experiments/pack_runner.h"
#include "experiments/runner.h"
#include "experiments/stage_policy.h"
#include "experiments/streams.h"

namespace tightrope {
namespace {

using Clock = std::chrono::steady_clock;

class Timer {
 public:
  explicit Timer(double& total) : total_(total), begin_(Clock::now()) {}
  ~Timer() { total_ += std::chrono::duration<double>(Clock::now() - begin_).count(); }

 private:
  double& total_;
  Clock::time_point begin_;
};

class TimedPolicy final : public Policy {
 public:
  TimedPolicy(std::shared_ptr<const Policy> inner, double& total)
      : inner_(std::move(inner)), total_(total) {}
  std::vector<ParameterView> layout() const override { return inner_->layout(); }
  std::int64_t parameter_count() const override { return inner_->parameter_count(); }
  void initialise(const Stream& stream, std::span<float> parameters) const override {
    inner_->initialise(stream, parameters);
  }
  std::unique_ptr<Workspace> workspace() const override { return inner_->workspace(); }
  bool has_value() const override { return inner_->has_value(); }
  void step(std::span<const float> parameters, const TokenBatch& batch, const TokenData& data,
            Wanted wanted, Pullback& pullback, std::span<float> gradient,
            Workspace& workspace) const override {
    const Timer timer(total_);
    inner_->step(parameters, batch, data, wanted, pullback, gradient, workspace);
  }
  void evaluate(std::span<const float> parameters, const TokenBatch& batch, Wanted wanted,
                TokenQuantities& out, Workspace& workspace) const override {
    const Timer timer(total_);  // the reference's half of a preference step
    inner_->evaluate(parameters, batch, wanted, out, workspace);
  }
  void sample(std::span<const float> parameters, std::span<const float> images, int count,
              const SamplingOptions& options, const Stream& stream, std::uint32_t step,
              std::vector<Sample>& out, Workspace& workspace) const override {
    inner_->sample(parameters, images, count, options, stream, step, out, workspace);
  }
  void distribution(std::span<const float> parameters, const TokenBatch& batch, Distributions& out,
                    Workspace& workspace) const override {
    inner_->distribution(parameters, batch, out, workspace);
  }

 private:
  std::shared_ptr<const Policy> inner_;
  double& total_;
};

class TimedStepper final : public Stepper {
 public:
  TimedStepper(std::shared_ptr<const Stepper> inner, double& total)
      : inner_(std::move(inner)), total_(total) {}
  std::int64_t state_size(std::int64_t parameters) const override {
    return inner_->state_size(parameters);
  }
  StepReport update(std::span<float> parameters, std::span<const float> gradient,
                    std::span<float> state, std::int64_t step, std::int64_t steps,
                    const std::vector<ParameterView>& layout) const override {
    const Timer timer(total_);
    return inner_->update(parameters, gradient, state, step, steps, layout);
  }

 private:
  std::shared_ptr<const Stepper> inner_;
  double& total_;
};

// Seconds of the whole stage over seconds of its training steps.
double stage_ratio(const Plan& plan, int point, int lanes, bool evaluates) {
  double training = 0;
  auto experiment = std::make_shared<Experiment>(*plan.experiment(point));
  Stage& stage = experiment->stages.back();
  stage.stepper = std::make_shared<TimedStepper>(stage.stepper, training);
  if (!evaluates) experiment->evaluate.cases = 1;
  const std::string folder =
      (std::filesystem::temp_directory_path() / fmt::format("tightrope_stage_{}", getpid()))
          .string();
  std::filesystem::create_directories(folder);
  const Clock::time_point begin = Clock::now();
  std::vector<std::unique_ptr<Lane>> all;
  std::vector<SegmentLabel> labels;
  std::shared_ptr<const Policy> policy;
  for (int seed = 0; seed < lanes; ++seed) {
    auto context = std::make_shared<WorldContext>(*experiment, seed);
    if (!policy) {
      policy = std::make_shared<TimedPolicy>(make_policy(*experiment, context->world()), training);
    }
    std::vector<float> start(policy->parameter_count());
    policy->initialise(lane_stream(*experiment, Purpose::kInitial, seed), start);
    all.push_back(std::make_unique<Lane>(experiment, experiment->stages.size() - 1, seed, context,
                                         policy, start, start));
    labels.push_back({fmt::format("{:016x}", seed), "", "bench", seed, "{}"});
  }
  PackRunner(folder + "/pack.h5", std::move(all), std::move(labels), {"bench", "0", "cpu", 1}, 1)
      .run(false, 1, [](const PackProgress&) {});
  const double whole = std::chrono::duration<double>(Clock::now() - begin).count();
  std::filesystem::remove_all(folder);
  return whole / training;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void run(const std::string& file, const std::string& row, int lanes, int repeats) {
  const Plan plan(load_experiment_tree(file, {}), {{"confirm", {0}}});
  int point = -1;
  for (const Run& each : plan.runs()) {
    if (each.row == row) point = each.point;
  }
  if (point < 0) throw InputError("no row is named " + row);
  std::vector<double> without, with;
  for (int r = 0; r < repeats; ++r) {
    without.push_back(stage_ratio(plan, point, lanes, false));
    with.push_back(stage_ratio(plan, point, lanes, true));
  }
  fmt::print("{} lanes of {}: stage / training steps {:.3f} without evaluation, {:.3f} with it\n",
             lanes, row, median(without), median(with));
}

}  // namespace
}  // namespace tightrope

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: bench_stage EXPERIMENT.yaml ROW [lanes] [repeats]\n");
    return 2;
  }
  tightrope::run(argv[1], argv[2], argc > 3 ? std::atoi(argv[3]) : 2,
                 argc > 4 ? std::atoi(argv[4]) : 5);
  return 0;
}
