// SPDX-License-Identifier: Apache-2.0
// Distributions of policy, reference and oracle along the factual trajectories of the probe cases.
#pragma once

#include <cstdint>
#include <vector>

#include "experiments/lane.h"

namespace tightrope {

// Sizes of the probe log: E environments, N probes, F of them in full, J positions, K most probable
// tokens, V tokens, Z diseases. Position j holds the law after token j.
struct ProbeShape {
  std::size_t environments = 0, probes = 0, full = 0, positions = 0, top = 0, vocabulary = 0,
              diseases = 0;
};
ProbeShape probe_shape(const Experiment& experiment, const World& world);

// What does not change while a segment trains.
struct ProbeStatic {
  std::vector<std::int32_t> target;     // [E, N, J] token that follows; -1 where not valid
  std::vector<std::uint8_t> valid;      // [E, N, J]
  std::vector<float> belief_oracle;     // [E, N, J, Z] probabilities
  std::vector<float> belief_reference;  // [E, N, J, Z] probabilities
  std::vector<double> full_oracle;      // [E, F, J, V] log-probabilities, -inf where impossible
  std::vector<double> full_reference;   // [E, F, J, V] log-probabilities
};

// One record of the current policy; log-probabilities are natural logarithms.
struct ProbeRow {
  std::vector<std::int32_t> token;               // [E, N, J, K] most probable first; -1 where none
  std::vector<float> policy, reference, oracle;  // [E, N, J, K] of those tokens
  std::vector<float> tail_mass, entropy;         // [E, N, J]
  std::vector<std::int32_t> target_rank;         // [E, N, J] 0 = most probable
  std::vector<float> target_log_prob;            // [E, N, J]
  std::vector<double> full;                      // [E, F, J, V]
  std::vector<float> belief;                     // [E, N, J, Z] probabilities
};

// Reads probes of one lane. The reference's distributions are computed once.
class ProbeReader {
 public:
  ProbeReader(Lane& lane, const ProbeShape& shape) : lane_(lane), shape_(shape) {}
  ProbeStatic constant();
  ProbeRow row();

 private:
  const std::vector<Distributions>& reference();

  Lane& lane_;
  ProbeShape shape_;
  std::vector<Distributions> reference_;  // [E]
};

}  // namespace tightrope
