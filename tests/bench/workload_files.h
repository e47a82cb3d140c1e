// SPDX-License-Identifier: Apache-2.0
// A workload's parameters and pairs as files, for peers/transformer_data.py.
#pragma once

#include <fmt/format.h>

#include <fstream>
#include <string>

#include "tests/bench/policy_workload.h"

namespace tightrope {

template <class T, class Values>
void write_file(const std::string& path, const Values& values) {
  std::ofstream out(path, std::ios::binary);
  for (const auto& value : values) {
    const T one = static_cast<T>(value);
    out.write(reinterpret_cast<const char*>(&one), sizeof(one));
  }
}

// Chosen, rejected, chosen, ...: all trajectories have the same number of tokens.
inline void write_workload(const PolicyWorkload& workload, const std::string& folder) {
  std::vector<float> tokens, mask, reference;
  const auto append = [&](const Trajectory& t) {
    tokens.insert(tokens.end(), t.tokens.begin(), t.tokens.end());
    mask.insert(mask.end(), t.mask.begin(), t.mask.end());
  };
  for (std::size_t n = 0; n < workload.chosen().size(); ++n) {
    append(workload.chosen()[n]);
    append(workload.rejected()[n]);
    const std::vector<double>& log_prob = workload.reference()[n];
    reference.insert(reference.end(), log_prob.begin(), log_prob.end());
  }
  write_file<float>(folder + "/parameters.f32", workload.parameters(0));
  write_file<float>(folder + "/images.f32", workload.images());
  write_file<std::int32_t>(folder + "/tokens.i32", tokens);
  write_file<float>(folder + "/mask.f32", mask);
  write_file<float>(folder + "/reference.f32", reference);
  std::ofstream layout(folder + "/layout.txt");
  for (const ParameterView& view : workload.layout()) {
    layout << fmt::format("{} {} {}", view.name, view.offset, view.decay ? 1 : 0);
    for (const int extent : view.shape) layout << ' ' << extent;
    layout << '\n';
  }
}

}  // namespace tightrope
