// SPDX-License-Identifier: Apache-2.0
// Time of one DPO step of one lane, alone and round-robin over many lanes (whose parameters and
// Adam state then come from main memory).
#include <benchmark/benchmark.h>

#include "policies/kernels/dispatch.h"
#include "policies/transformer/fused/buffer.h"
#include "policies/transformer/fused/ops.h"
#include "tests/bench/policy_workload.h"

namespace tightrope {
namespace {

void dpo_step(benchmark::State& state, const char* policy) {
  PolicyWorkload workload(static_cast<int>(state.range(0)), policy);
  for (int i = 0; i < state.range(0); ++i) workload.step();
  for (auto _ : state) workload.step();
  state.counters["tokens"] = workload.mean_tokens();
  state.counters["loss"] = workload.last_loss();
  state.SetLabel(instruction_set());
}

// 24 text tokens behind 4 image tokens (width 64, 2 layers, 4 heads); the grammar is off, so that
// every law is over the whole vocabulary.
constexpr const char* kTransformer = "{type: transformer, grammar: false}";

void transformer_step(benchmark::State& state, int pairs, int shared) {
  PolicyWorkload workload(static_cast<int>(state.range(0)), kTransformer, 256, pairs, 20, shared);
  for (int i = 0; i < state.range(0); ++i) workload.step();
  for (auto _ : state) workload.step();
  state.counters["tokens"] = workload.mean_tokens();
  state.counters["loss"] = workload.last_loss();
}

// The best the same core does on one product whose factors stay in its second-level cache.
void gemm_peak(benchmark::State& state) {
  constexpr int kRows = 96, kInner = 256, kColumns = 256;
  RowBuffer<float> a, c;
  Buffer<float> packed(kInner * kColumns);
  a.reserve(kRows, kInner);
  c.reserve(kRows, kColumns);
  const TransformerOps<float>& ops = transformer_ops<float>();
  for (auto _ : state) {
    ops.multiply(false, kRows, kColumns, kInner, a.rows(), {packed.data(), 0}, c.rows());
    benchmark::DoNotOptimize(c.row(0));
  }
  state.counters["flops"] = benchmark::Counter(2.0 * kRows * kInner * kColumns,
                                               benchmark::Counter::kIsIterationInvariantRate);
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
