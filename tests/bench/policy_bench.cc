// SPDX-License-Identifier: Apache-2.0
// Time of one DPO step of one lane, alone and round-robin over many lanes (whose parameters and
// Adam state then come from main memory).
#include <benchmark/benchmark.h>

#include "policies/kernels/dispatch.h"
#include "tests/bench/gemm_peak.h"
#include "tests/bench/policy_workload.h"

namespace tightrope {
namespace {

void dpo_step(benchmark::State& state, const char* policy) {
  PolicyWorkload workload({.lanes = static_cast<int>(state.range(0))}, policy);
  for (int i = 0; i < state.range(0); ++i) workload.step();
  for (auto _ : state) workload.step();
  state.counters["tokens"] = workload.mean_tokens();
  state.counters["loss"] = workload.last_loss();
  state.SetLabel(instruction_set());
}

// V = 192: 24 text tokens behind 4 image tokens (width 64, 2 layers, 4 heads); the grammar is off,
// so that every law is over the whole vocabulary.
constexpr const char* kTransformer = "{type: transformer, grammar: false}";

void transformer_step(benchmark::State& state, int pairs, int shared) {
  PolicyWorkload workload({.lanes = static_cast<int>(state.range(0)),
                           .pairs = 256,
                           .batch = pairs,
                           .findings = 20,
                           .shared = shared,
                           .diseases = 14,
                           .attributes = 58},
                          kTransformer);
  for (int i = 0; i < state.range(0); ++i) workload.step();
  for (auto _ : state) workload.step();
  state.counters["tokens"] = workload.mean_tokens();
  state.counters["loss"] = workload.last_loss();
}

void gemm_peak(benchmark::State& state) {
  GemmPeak peak;
  for (auto _ : state) peak.multiply();
  state.counters["flops"] =
      benchmark::Counter(GemmPeak::flops(), benchmark::Counter::kIsIterationInvariantRate);
}

BENCHMARK(gemm_peak)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(transformer_step, pairs_16, 16, 0)
    ->Arg(1)
    ->Arg(256)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(transformer_step, pairs_16_sharing_14, 16, 14)
    ->Arg(1)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(transformer_step, pairs_2, 2, 0)->Arg(1)->Unit(benchmark::kMicrosecond);

BENCHMARK_CAPTURE(dpo_step, token, "{type: log_linear}")
    ->Arg(1)
    ->Arg(256)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(dpo_step, token_units, "{type: log_linear, answer_units: 32, gate: true}")
    ->Arg(1)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(dpo_step, slot, "{type: log_linear, chain: slot, answer_units: 32, gate: true}")
    ->Arg(1)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tightrope

BENCHMARK_MAIN();
