// SPDX-License-Identifier: Apache-2.0
// The transformer's side of peers/compare_transformer.py: writes its parameters and data, then
// answers commands, one line each:
//   transformer_server FOLDER PAIRS SHARED
//   step N     -> milliseconds per DPO step, last loss
//   sample N   -> milliseconds per 64 sampled reports, tokens per report
//   peak       -> GFLOP/s of the product alone
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include "tests/bench/gemm_peak.h"
#include "tests/bench/policy_workload.h"
#include "tests/bench/workload_files.h"

namespace tightrope {
namespace {

constexpr const char* kPolicy = "{type: transformer, backend: fused, grammar: false}";
constexpr int kFindings = 20;
constexpr int kSequences = 64;

template <class Run>
double milliseconds(Run run) {
  const auto begin = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

// -log pi of the report, mean over trajectories.
class NegativeLogLikelihood final : public Pullback {
 public:
  explicit NegativeLogLikelihood(double scale) : scale_(scale) {}
  void operator()(const Group& group, GroupGradient gradient) override {
    for (std::size_t i = 0; i < group.mask.size(); ++i) gradient.log_prob[i] -= scale_;
  }

 private:
  double scale_;
};

// A policy that has learned to write reports of kFindings findings, as the peers' are made to.
class Sampler {
 public:
  explicit Sampler(const PolicyWorkload& workload)
      : policy_(workload.policy()),
        context_(workload.context()),
        parameters_(workload.parameters(0).begin(), workload.parameters(0).end()),
        workspace_(policy_.workspace()) {
    for (int i = 0; i < kSequences * context_.channels; ++i)
      images_.push_back(0.01F * static_cast<float>(i % 7));
    for (int step = 0; step < 400; ++step) learn(step);
  }

  double tokens() const {
    double total = 0;
    for (const Sample& sample : out_) total += static_cast<double>(sample.trajectory.tokens.size());
    return total / static_cast<double>(out_.size());
  }
  void sample() {
    policy_.sample(parameters_, images_, kSequences, {.greedy = false},
                   Stream(2, Purpose::kOrder, 1), step_++, out_, *workspace_);
  }

 private:
  // One plain gradient step of Adam's size on 16 random reports with their findings in order.
  void learn(int step) {
    Draws draws = Stream(3, Purpose::kOrder, 1).at(static_cast<std::uint32_t>(step));
    TokenBatch batch;
    batch.clear(context_.channels);
    constexpr int kReports = 16;
    for (int n = 0; n < kReports; ++n) {
      batch.add_case(std::span(images_).first(context_.channels));
      std::vector<Slot> report(context_.channels, Slot::kSilent);
      for (int left = kFindings; left > 0;) {
        Slot& slot = report[draws.below(context_.channels)];
        if (slot != Slot::kSilent) continue;
        slot = Slot::kSynonym0;
        --left;
      }
      batch.add(make_trajectory(context_.vocabulary, report, -1, 0));
    }
    gradient_.assign(parameters_.size(), 0);
    square_.resize(parameters_.size());
    NegativeLogLikelihood loss(1.0 / kReports);
    policy_.step(parameters_, batch, {}, {}, loss, gradient_, *workspace_);
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      square_[i] += 0.02F * (gradient_[i] * gradient_[i] - square_[i]);
      parameters_[i] -= 0.001F * gradient_[i] / (std::sqrt(square_[i]) + 1e-6F);
    }
  }

  const Policy& policy_;
  const PolicyContext& context_;
  std::vector<float> parameters_, images_, gradient_, square_;
  std::unique_ptr<Workspace> workspace_;
  std::vector<Sample> out_;
  std::uint32_t step_ = 0;
};

std::string answer(const std::string& command, int count, PolicyWorkload& workload,
                   std::unique_ptr<Sampler>& sampler) {
  if (command == "step") {
    const double time = milliseconds([&] {
      for (int i = 0; i < count; ++i) workload.step();
    });
    return fmt::format("{:.6f} {:.9f}", time / count, workload.last_loss());
  }
  if (command == "sample") {
    if (!sampler) sampler = std::make_unique<Sampler>(workload);
    double tokens = 0;
    const double time = milliseconds([&] {
      for (int i = 0; i < count; ++i) {
        sampler->sample();
        tokens += sampler->tokens();
      }
    });
    return fmt::format("{:.6f} {:.4f}", time / count, tokens / count);
  }
  GemmPeak peak;
  constexpr int kProducts = 400;
  const double time = milliseconds([&] {
    for (int i = 0; i < kProducts; ++i) peak.multiply();
  });
  return fmt::format("{:.3f} 0", 1e-6 * kProducts * GemmPeak::flops() / time);
}

}  // namespace
}  // namespace tightrope

int main(int argc, char** argv) {
  using namespace tightrope;
  if (argc != 4) {
    fmt::print(stderr, "transformer_server FOLDER PAIRS SHARED\n");
    return 2;
  }
  const int pairs = std::atoi(argv[2]);
  PolicyWorkload workload({.pairs = pairs,
                           .batch = pairs,
                           .findings = kFindings,
                           .shared = std::atoi(argv[3]),
                           .diseases = 14,
                           .attributes = 58},
                          kPolicy,
                          "{type: adamw, lr: 0.0001, weight_decay: 0.01, max_grad_norm: 1}");
  write_workload(workload, argv[1]);
  std::unique_ptr<Sampler> sampler;
  std::string command;
  int count = 0;
  while (std::cin >> command >> count) {
    std::cout << answer(command, count, workload, sampler) << std::endl;
  }
  return 0;
}
