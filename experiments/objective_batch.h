// SPDX-License-Identifier: Apache-2.0
// The input of `tightrope objective` as the batch that a policy would hand over.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/api/optimizer.h"
#include "experiments/objective_fields.h"

namespace tightrope {

// One trajectory of every case (chosen, rejected, ...), or all trajectories of single ones.
struct ObjectiveSide {
  std::string field;  // of the policy's log-probs
  RealRows policy, reference;
  MaskRows mask;
  TokenRows tokens;
};

struct ObjectiveBatch {
  std::vector<ObjectiveSide> sides;
  int group_size = 1;  // consecutive rows of one case, where there is one side
  std::vector<std::int32_t> group_begin{0}, offset{0}, tokens;
  std::vector<std::uint8_t> mask;
  std::vector<double> log_prob, reference;
  std::vector<double> behaviour, advantage, value, value_old, target_return, entropy;
  std::vector<double> reward, greedy_reward;  // [trajectories], [cases]; empty when not given
  std::vector<double> case_weight;            // of the optimizer
  BatchTotals totals;

  int cases() const { return static_cast<int>(group_begin.size()) - 1; }
  // Cases first .. first + count - 1.
  Group group(int first, int count) const;
  // A column [tokens] in the rows of side s.
  nlohmann::json rows_of(const std::vector<double>& column, std::size_t s) const;
};

// Reads what `optimizer` (registered as `name`, with options `options`) takes. Throws InputError
// naming path, value and what is allowed.
ObjectiveBatch read_objective(const std::string& name, const Optimizer& optimizer,
                              const Node& options, const nlohmann::json& input);

}  // namespace tightrope
