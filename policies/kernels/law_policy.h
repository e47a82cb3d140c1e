// SPDX-License-Identifier: Apache-2.0
// A Policy out of a LawKernel: passes, sampling and distributions written once for all kernels.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/api/policy.h"
#include "policies/kernels/law.h"

namespace tightrope {

// What tells one law policy from another.
struct LawPolicyParts {
  Vocabulary vocabulary;
  Grammar grammar;  // the training grammar; sampling always uses its grammatical ranges
  int channels = 0;
  std::vector<ParameterView> layout;
  std::function<void(const Stream&, std::span<float>)> initialise;
  std::function<std::unique_ptr<LawKernel<float>>()> kernel;
};

std::shared_ptr<const Policy> make_law_policy(LawPolicyParts parts);

}  // namespace tightrope
