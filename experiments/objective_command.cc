// SPDX-License-Identifier: Apache-2.0
#include "experiments/objective_command.h"

#include <memory>

#include "core/api/optimizer.h"
#include "core/base/check.h"
#include "core/config/yaml.h"
#include "experiments/objective_fields.h"

namespace tightrope {
namespace {

using nlohmann::json;

// The batch as a policy would hand it over, and where each field's rows went.
struct Batch {
  std::vector<std::int32_t> group_begin{0}, offset{0}, tokens;
  std::vector<std::uint8_t> mask;
  std::vector<double> log_prob, reference;
  std::vector<double> behaviour, advantage, value, value_old, target_return, entropy;
  BatchTotals totals;
};

// One side of the input: the fields of chosen, rejected or the supervised trajectory.
struct Side {
  std::string field;  // of the policy's log-probs
  RealRows policy, reference;
  MaskRows mask;
  TokenRows tokens;
};

Side read_side(const json& input, const std::string& suffix, bool reference, bool tokens) {
  Side side;
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

void add_trajectory(Batch& batch, const Side& side, std::size_t n, bool chosen) {
  const std::vector<double>& row = side.policy[n];
  batch.log_prob.insert(batch.log_prob.end(), row.begin(), row.end());
  batch.mask.insert(batch.mask.end(), side.mask[n].begin(), side.mask[n].end());
  if (!side.reference.empty()) {
    batch.reference.insert(batch.reference.end(), side.reference[n].begin(),
                           side.reference[n].end());
  }
  if (!side.tokens.empty()) {
    batch.tokens.insert(batch.tokens.end(), side.tokens[n].begin(), side.tokens[n].end());
  }
  batch.offset.push_back(static_cast<std::int32_t>(batch.log_prob.size()));
  batch.totals.add(side.mask[n], chosen);
}

Batch make_batch(const std::vector<Side>& sides) {
  Batch batch;
  for (std::size_t n = 0; n < sides[0].policy.size(); ++n) {
    for (const Side& side : sides) add_trajectory(batch, side, n, &side == &sides[0]);
    batch.group_begin.push_back(static_cast<std::int32_t>(batch.offset.size()) - 1);
  }
  if (batch.tokens.size() != batch.log_prob.size()) batch.tokens.clear();
  return batch;
}

// Cases first .. first + count - 1 as a group.
Group group_of(const Batch& batch, std::size_t first, std::size_t count) {
  Group group;
  group.first_case = static_cast<int>(first);
  group.first_trajectory = batch.group_begin[first];
  group.group_begin = std::span(batch.group_begin).subspan(first, count + 1);
  const std::size_t trajectories =
      static_cast<std::size_t>(batch.group_begin[first + count] - batch.group_begin[first]);
  group.offset = std::span(batch.offset).subspan(batch.group_begin[first], trajectories + 1);
  const std::size_t begin = static_cast<std::size_t>(group.offset.front());
  const std::size_t size = static_cast<std::size_t>(group.offset.back()) - begin;
  group.mask = std::span(batch.mask).subspan(begin, size);
  group.log_prob = std::span(batch.log_prob).subspan(begin, size);
  if (!batch.reference.empty()) {
    group.data.reference_log_prob = std::span(batch.reference).subspan(begin, size);
  }
  if (!batch.tokens.empty()) group.tokens = std::span(batch.tokens).subspan(begin, size);
  const auto part = [&](const std::vector<double>& column) {
    return column.empty() ? std::span<const double>() : std::span(column).subspan(begin, size);
  };
  group.value = part(batch.value);
  group.entropy = part(batch.entropy);
  group.data.behaviour_log_prob = part(batch.behaviour);
  group.data.behaviour_value = part(batch.value_old);
  group.data.advantage = part(batch.advantage);
  group.data.target_return = part(batch.target_return);
  return group;
}

Node options_of(const std::string& name, const std::vector<std::string>& sets) {
  std::vector<NodeEntry> entries{{"type", {}, text_node(name)}};
  for (const std::string& set : sets) {
    const std::size_t equals = set.find('=');
    TR_REQUIRE(equals != std::string::npos && equals > 0, "--set {}: must be key=value", set);
    const std::string key = set.substr(0, equals);
    TR_REQUIRE(key != "type", "--set {}: the optimizer is named by the command's argument", set);
    const Node value = parse_value(std::string_view(set).substr(equals + 1), "--set " + set);
    std::erase_if(entries, [&](const NodeEntry& entry) { return entry.key == key; });
    entries.push_back({key, value.mark(), value});
  }
  return Node::map(std::move(entries));
}

json gradient_of(const std::vector<Side>& sides, const Batch& batch,
                 const std::vector<double>& gradient) {
  json out = json::object();
  for (std::size_t s = 0; s < sides.size(); ++s) {
    json rows = json::array();
    for (std::size_t n = 0; n < sides[s].policy.size(); ++n) {
      const std::size_t trajectory = n * sides.size() + s;
      rows.push_back(std::vector<double>(gradient.begin() + batch.offset[trajectory],
                                         gradient.begin() + batch.offset[trajectory + 1]));
    }
    out[sides[s].field] = std::move(rows);
  }
  return out;
}

std::vector<Side> read_sides(const std::string& name, const Optimizer& optimizer,
                             const Node& options, const json& input) {
  std::vector<std::string> known;
  const bool pairs = optimizer.trajectories() == TrajectoryKind::kPair;
  const bool rollout = optimizer.trajectories() == TrajectoryKind::kRollout;
  const bool reference = optimizer.needs_reference() && !rollout;
  const std::vector<std::string> suffixes =
      pairs ? std::vector<std::string>{"_chosen", "_rejected"} : std::vector<std::string>{""};
  for (const char* quantity : {"policy", "reference", "mask", "tokens"}) {
    if (quantity == std::string("reference") && !reference) continue;
    if (quantity == std::string("tokens") && !pairs) continue;
    for (const std::string& suffix : suffixes) known.push_back(quantity + suffix);
  }
  if (rollout) {
    for (const char* field :
         {"behaviour", "advantage", "reference", "value", "value_old", "return", "entropy"}) {
      known.push_back(field);
    }
  }
  require_known_fields(input, known, name);
  const Node* credit = options.find("credit");
  const bool tokens = credit != nullptr && credit->text() == "first_divergence";
  std::vector<Side> sides;
  for (const std::string& suffix : suffixes) {
    sides.push_back(read_side(input, suffix, reference, tokens));
    internal::require_equal_size(sides.back().field, sides.back().policy.size(), sides[0].field,
                                 sides[0].policy.size(), "rows");
  }
  return sides;
}

// A column [N][T] of the trajectory form, flattened; empty when it is absent. `repeat`: a row may
// be one number for all its tokens.
std::vector<double> read_column(const json& input, const std::string& field, const Side& side,
                                bool repeat) {
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

// The columns of rules that learn from rollouts; what is missing and needed the loss itself says.
void read_rollout_columns(const json& input, const Side& side, Batch& batch) {
  batch.behaviour = read_column(input, "behaviour", side, false);
  batch.advantage = read_column(input, "advantage", side, true);
  batch.reference = read_column(input, "reference", side, false);
  batch.value = read_column(input, "value", side, false);
  batch.value_old = read_column(input, "value_old", side, false);
  batch.target_return = read_column(input, "return", side, false);
  batch.entropy = read_column(input, "entropy", side, false);
}

}  // namespace

json run_objective(const std::string& name, const json& input,
                   const std::vector<std::string>& sets) {
  const Node options = options_of(name, sets);
  Problems problems;
  const auto optimizer = Registry<Optimizer>::get().build(options, "", problems);
  problems.throw_if_any();
  const std::vector<Side> sides = read_sides(name, *optimizer, options, input);
  Batch batch = make_batch(sides);
  const bool rollout = optimizer->trajectories() == TrajectoryKind::kRollout;
  if (rollout) read_rollout_columns(input, sides[0], batch);
  const std::size_t count = sides[0].policy.size();

  std::vector<double> gradient(batch.log_prob.size(), 0.0);
  std::vector<double> by_entropy(batch.entropy.size(), 0.0), by_value(batch.value.size(), 0.0);
  MetricSums metrics;
  optimizer->loss(group_of(batch, 0, count), batch.totals, {gradient, by_entropy, by_value},
                  metrics);

  json out;
  out["loss"] = metrics.at("loss").sum;
  json& per_sample = out["per_sample"] = json::array();
  for (std::size_t n = 0; n < count; ++n) {
    const Group one = group_of(batch, n, 1);
    std::vector<double> unused(one.log_prob.size(), 0.0);
    MetricSums sums;
    optimizer->loss(one, batch.totals, {unused, unused, unused}, sums);
    per_sample.push_back(sums.at("loss").sum * static_cast<double>(count));
  }
  json& slopes = out["gradient"] = gradient_of(sides, batch, gradient);
  const auto add_slopes = [&](const char* field, const std::vector<double>& column) {
    if (!column.empty()) slopes[field] = gradient_of(sides, batch, column)[sides[0].field];
  };
  add_slopes("value", by_value);
  add_slopes("entropy", by_entropy);
  json& named = out["metrics"] = json::object();
  for (const std::string& metric : optimizer->metrics()) {
    if (metrics.count(metric) == 0) continue;  // of a rollout, or of a field that was not given
    named[metric] = metric == "loss" ? metrics.at(metric).sum : metrics.at(metric).mean();
  }
  return out;
}

}  // namespace tightrope
