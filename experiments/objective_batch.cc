// SPDX-License-Identifier: Apache-2.0
#include "experiments/objective_batch.h"

#include <cmath>

#include "core/api/rollout.h"
#include "core/base/check.h"

namespace tightrope {
namespace {

using nlohmann::json;

ObjectiveSide read_side(const json& input, const std::string& suffix, bool reference, bool tokens) {
  ObjectiveSide side;
  side.field = "policy" + suffix;
  const std::string mask_field = "mask" + suffix;
  side.policy = real_rows(input, side.field);
  side.mask = mask_rows(input, mask_field, side.policy);
  require_same_shape(mask_field, side.mask, side.field, side.policy);
  require_scored_finite(side.field, side.policy, mask_field, side.mask);
  if (reference) {
    const std::string field = "reference" + suffix;
    side.reference = real_rows(input, field);
    require_same_shape(field, side.reference, side.field, side.policy);
    require_scored_finite(field, side.reference, mask_field, side.mask);
  }
  const std::string token_field = "tokens" + suffix;
  side.tokens = token_rows(input, token_field);
  if (!side.tokens.empty()) require_same_shape(token_field, side.tokens, side.field, side.policy);
  TR_REQUIRE(!tokens || !side.tokens.empty(),
             "{}: missing; credit = first_divergence needs the token ids [N][T] of both sides",
             token_field);
  return side;
}

// chosen and rejected, or rejected_1 .. rejected_N; "" for single trajectories.
std::vector<std::string> suffixes_of(const Optimizer& optimizer) {
  if (optimizer.trajectories() != TrajectoryKind::kPair) return {""};
  if (optimizer.negatives() == 1) return {"_chosen", "_rejected"};
  std::vector<std::string> out = {"_chosen"};
  for (int k = 1; k <= optimizer.negatives(); ++k) out.push_back("_rejected_" + std::to_string(k));
  return out;
}

const std::vector<std::string>& rollout_fields() {
  static const std::vector<std::string> fields = {
      "behaviour", "advantage", "reference", "value",         "value_old",
      "return",    "entropy",   "reward",    "greedy_reward", "group_size"};
  return fields;
}

std::vector<std::string> known_fields(const Optimizer& optimizer) {
  const bool pairs = optimizer.trajectories() == TrajectoryKind::kPair;
  const bool rollout = optimizer.rollout() != nullptr;
  std::vector<std::string> quantities = {"policy"};
  if (optimizer.needs_reference() && !rollout) quantities.push_back("reference");
  quantities.push_back("mask");
  if (pairs) quantities.push_back("tokens");
  std::vector<std::string> known;
  for (const std::string& quantity : quantities) {
    for (const std::string& suffix : suffixes_of(optimizer)) known.push_back(quantity + suffix);
  }
  if (optimizer.needs_mismatched()) {
    for (const char* quantity : {"policy", "reference", "mask"}) {
      known.push_back(quantity + std::string("_mismatched"));
    }
  }
  if (rollout) {
    known.insert(known.end(), rollout_fields().begin(), rollout_fields().end());
  }
  return known;
}

void add_trajectory(ObjectiveBatch& batch, const ObjectiveSide& side, std::size_t n, bool first) {
  const auto append = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  append(batch.log_prob, side.policy[n]);
  append(batch.mask, side.mask[n]);
  if (!side.reference.empty()) append(batch.reference, side.reference[n]);
  if (!side.tokens.empty()) append(batch.tokens, side.tokens[n]);
  batch.offset.push_back(static_cast<std::int32_t>(batch.log_prob.size()));
  batch.totals.add(side.mask[n], first);
}

void flatten(ObjectiveBatch& batch) {
  const std::size_t rows = batch.sides[0].policy.size();
  for (std::size_t n = 0; n < rows; ++n) {
    const bool first = n % static_cast<std::size_t>(batch.group_size) == 0;
    for (const ObjectiveSide& side : batch.sides) {
      add_trajectory(batch, side, n, first && &side == &batch.sides[0]);
    }
    if ((n + 1) % static_cast<std::size_t>(batch.group_size) == 0) {
      batch.group_begin.push_back(static_cast<std::int32_t>(batch.offset.size()) - 1);
    }
  }
  if (batch.tokens.size() != batch.log_prob.size()) batch.tokens.clear();
}

// A column [N][T] of the trajectory form, flattened; empty when it is absent. `repeat`: a row may
// be one number for all its tokens.
std::vector<double> read_column(const json& input, const std::string& field,
                                const ObjectiveSide& side, bool repeat) {
  if (!input.contains(field)) return {};
  json rows = input[field];
  if (repeat && rows.is_array() && rows.size() == side.policy.size()) {
    for (std::size_t n = 0; n < rows.size(); ++n) {
      if (rows[n].is_number()) rows[n] = json(std::vector<json>(side.policy[n].size(), rows[n]));
    }
  }
  const RealRows values = real_rows(json{{field, rows}}, field);
  require_same_shape(field, values, side.field, side.policy);
  require_scored_finite(field, values, "mask", side.mask);
  std::vector<double> out;
  for (const auto& row : values) out.insert(out.end(), row.begin(), row.end());
  return out;
}

// One number for each of `count` things; empty when the field is absent.
std::vector<double> read_numbers(const json& input, const std::string& field, std::size_t count) {
  if (!input.contains(field)) return {};
  const RealRows rows = real_rows(json{{field, json::array({input[field]})}}, field);
  internal::require_equal_size(field, rows[0].size(), "policy", count, "numbers");
  for (const double value : rows[0]) {
    TR_REQUIRE(std::isfinite(value), "{}: must hold finite numbers", field);
  }
  return rows[0];
}

// By default the trajectories that the rule draws for a case; all rows where it enumerates.
int read_group_size(const json& input, const RolloutRule& rule, std::size_t rows) {
  if (!input.contains("group_size")) {
    if (!input.contains("reward")) return 1;
    return rule.plan().enumerate > 0 ? static_cast<int>(rows) : rule.plan().samples;
  }
  const json& size = input["group_size"];
  TR_REQUIRE(size.is_number_integer() && size >= json(1) && size <= json(1 << 20),
             "group_size = {}: must be an integer >= 1", size.dump());
  return size.get<int>();
}

// The columns of rules that learn from rollouts; what is missing and needed the loss itself says.
void read_rollout(const json& input, ObjectiveBatch& batch) {
  const ObjectiveSide& side = batch.sides[0];
  batch.behaviour = read_column(input, "behaviour", side, false);
  batch.advantage = read_column(input, "advantage", side, true);
  batch.reference = read_column(input, "reference", side, false);
  batch.value = read_column(input, "value", side, false);
  batch.value_old = read_column(input, "value_old", side, false);
  batch.target_return = read_column(input, "return", side, false);
  batch.entropy = read_column(input, "entropy", side, false);
  batch.reward = read_numbers(input, "reward", side.policy.size());
  batch.greedy_reward = read_numbers(
      input, "greedy_reward", side.policy.size() / static_cast<std::size_t>(batch.group_size));
  TR_REQUIRE(batch.reward.empty() || batch.advantage.empty(),
             "reward and advantage: give one of them, advantages are made from rewards");
}

// The mean over rows of the summed log-ratio.
double read_mismatched(const json& input) {
  const ObjectiveSide side = read_side(input, "_mismatched", true, false);
  double sum = 0;
  for (std::size_t n = 0; n < side.policy.size(); ++n) {
    for (std::size_t t = 0; t < side.policy[n].size(); ++t) {
      if (side.mask[n][t] != 0) sum += side.policy[n][t] - side.reference[n][t];
    }
  }
  return sum / static_cast<double>(side.policy.size());
}

}  // namespace

Group ObjectiveBatch::group(int first, int count) const {
  Group group;
  group.first_case = first;
  group.first_trajectory = group_begin[first];
  group.group_begin = std::span(group_begin).subspan(first, count + 1);
  const int trajectories = group_begin[first + count] - group_begin[first];
  group.offset = std::span(offset).subspan(group_begin[first], trajectories + 1);
  const std::size_t begin = static_cast<std::size_t>(group.offset.front());
  const std::size_t size = static_cast<std::size_t>(group.offset.back()) - begin;
  const auto part = [&](const auto& column) {
    return column.empty() ? std::span(column) : std::span(column).subspan(begin, size);
  };
  group.mask = part(mask);
  group.log_prob = part(log_prob);
  group.tokens = part(tokens);
  group.value = part(value);
  group.entropy = part(entropy);
  group.data = {.reference_log_prob = part(reference),
                .behaviour_log_prob = part(behaviour),
                .behaviour_value = part(value_old),
                .advantage = part(advantage),
                .target_return = part(target_return)};
  if (!case_weight.empty()) group.case_weight = std::span(case_weight).subspan(first, count);
  return group;
}

json ObjectiveBatch::rows_of(const std::vector<double>& column, std::size_t s) const {
  json rows = json::array();
  for (std::size_t n = 0; n < sides[s].policy.size(); ++n) {
    const std::size_t trajectory = n * sides.size() + s;
    rows.push_back(std::vector<double>(column.begin() + offset[trajectory],
                                       column.begin() + offset[trajectory + 1]));
  }
  return rows;
}

ObjectiveBatch read_objective(const std::string& name, const Optimizer& optimizer,
                              const Node& options, const json& input) {
  require_known_fields(input, known_fields(optimizer), name);
  const Node* credit = options.find("credit");
  const bool tokens = credit != nullptr && credit->text() == "first_divergence";
  const RolloutRule* rule = optimizer.rollout();
  ObjectiveBatch batch;
  for (const std::string& suffix : suffixes_of(optimizer)) {
    batch.sides.push_back(
        read_side(input, suffix, optimizer.needs_reference() && rule == nullptr, tokens));
    internal::require_equal_size(batch.sides.back().field, batch.sides.back().policy.size(),
                                 batch.sides[0].field, batch.sides[0].policy.size(), "rows");
  }
  const std::size_t rows = batch.sides[0].policy.size();
  if (rule != nullptr) {
    batch.group_size = read_group_size(input, *rule, rows);
    TR_REQUIRE(rows % static_cast<std::size_t>(batch.group_size) == 0,
               "group_size = {}: must divide the {} rows of policy", batch.group_size, rows);
    read_rollout(input, batch);
  }
  flatten(batch);
  if (optimizer.needs_mismatched()) batch.totals.kl_baseline = read_mismatched(input);
  batch.case_weight = optimizer.case_weights({batch.group_begin, batch.offset, batch.mask});
  return batch;
}

}  // namespace tightrope
