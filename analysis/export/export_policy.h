// SPDX-License-Identifier: Apache-2.0
// The policy that a run ended with, as a safetensors file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tightrope {

struct PolicyChoice {
  std::string folder;
  std::string run;  // id of a run or its beginning; "" with row or seed
  std::string row;  // "": any, where there is one
  std::optional<std::int64_t> seed;
  std::string stage;  // the end of this stage; "": the last
};

struct ExportedPolicy {
  std::string path, segment;
  std::size_t tensors = 0;
  std::size_t parameters = 0;
};

// Tensors are named as the policy names its parameters; from a run folder of a version that did not
// note the names, one tensor `parameters`. Metadata: experiment, config (JSON), policy, vocabulary
// (JSON list), segment, run, row, seed, seed_set, stage. `out` "": RUN.safetensors. Throws
// InputError for a choice that fits no run, or more than one policy.
ExportedPolicy export_policy(const PolicyChoice& choice, const std::string& out);

}  // namespace tightrope
