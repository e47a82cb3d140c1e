// SPDX-License-Identifier: Apache-2.0
// Prints the milliseconds of one DPO step of one lane: policy_step [steps] [policy YAML].
// Run by peers/compare_log_linear.py.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "tests/bench/policy_workload.h"

int main(int argc, char** argv) {
  const int steps = argc > 1 ? std::atoi(argv[1]) : 2000;
  tightrope::PolicyWorkload workload({}, argc > 2 ? argv[2] : "{type: log_linear}");
  for (int i = 0; i < 100; ++i) workload.step();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < steps; ++i) workload.step();
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begin;
  fmt::print("{:.6f}\n", time.count() / steps);
  return 0;
}
