// SPDX-License-Identifier: Apache-2.0
// The environments of a log in which every subset of some mechanisms has moved: what an exact
// Shapley value of the mechanisms needs.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "analysis/analyze/pack_view.h"

namespace tightrope {

struct MechanismSubsets {
  std::vector<std::size_t> causes;       // mechanisms that take part, indices
  std::vector<std::size_t> environment;  // by mask over the causes: bit j set, cause j has moved
};

// Those of the first environment of the log that has them all; the empty subset is a mixed
// environment without moved mechanisms or, where there is none, one at time 0. Nothing when the log
// has no complete family.
std::optional<MechanismSubsets> find_subsets(const PackView& view);

}  // namespace tightrope
