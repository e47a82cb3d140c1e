// SPDX-License-Identifier: Apache-2.0
// Lanes of the autograd transformer that are stepped together, for peers/compare_transformer.py:
//   transformer_lanes FOLDER PAIRS DEVICE LANES
// writes parameters and data, then answers over its standard input:
//   together N  -> milliseconds per DPO step and lane, last loss
// Prints "skipped: WHY" where the device is missing.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include "core/base/error.h"
#include "tests/bench/policy_workload.h"
#include "tests/bench/workload_files.h"

namespace tightrope {
namespace {

void serve(const std::string& folder, int pairs, const std::string& device, int lanes) {
  PolicyWorkload workload({.lanes = lanes,
                           .pairs = pairs,
                           .batch = pairs,
                           .findings = 20,
                           .diseases = 14,
                           .attributes = 58,
                           .device = device},
                          "{type: transformer, backend: autograd, grammar: false}",
                          "{type: adamw, lr: 0.0001, weight_decay: 0.01, max_grad_norm: 1}");
  write_workload(workload, folder);
  std::cout << "ready" << std::endl;
  std::string command;
  int count = 0;
  while (std::cin >> command >> count) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < count; ++i) workload.step_together();
    const std::chrono::duration<double, std::milli> spent =
        std::chrono::steady_clock::now() - begin;
    std::cout << fmt::format("{:.6f} {:.9f}", spent.count() / count / lanes, workload.last_loss())
              << std::endl;
  }
}

}  // namespace
}  // namespace tightrope

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "transformer_lanes FOLDER PAIRS DEVICE LANES\n");
    return 2;
  }
  try {
    tightrope::serve(argv[1], std::atoi(argv[2]), argv[3], std::atoi(argv[4]));
  } catch (const tightrope::InputError& error) {
    std::cout << "skipped: " << error.what() << std::endl;
  }
  return 0;
}
