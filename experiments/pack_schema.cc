// SPDX-License-Identifier: Apache-2.0
// The layout of a pack's log.
#include <algorithm>

#include "core/api/drift_process.h"
#include "experiments/pack_log.h"
#include "experiments/provenance.h"

namespace tightrope {
namespace {

LogVariable variable(std::string name, std::vector<std::string> dims, LogType type,
                     std::string units, std::string long_name) {
  LogVariable out;
  out.name = std::move(name);
  out.dims = std::move(dims);
  out.type = type;
  out.units = std::move(units);
  out.long_name = std::move(long_name);
  out.compress = type == LogType::kI32 || type == LogType::kU8;
  return out;
}

std::string scalar_unit(const std::string& name) {
  if (name.rfind("logps", 0) == 0 || name == "loss" || name == "nll_loss" ||
      name.rfind("rewards/", 0) == 0 || name.rfind("displacement", 0) == 0) {
    return name == "rewards/accuracies" ? "1" : "nat";
  }
  if (name == "entropy" || name == "kl_to_reference" || name.rfind("approx_kl", 0) == 0) {
    return "nat";
  }
  if (name == "drift/loss" || name == "drift/regret" || name == "drift/kl") return "nat";
  if (name == "length") return "token";
  return "1";
}

LogDimension segment_dimension(std::size_t lanes) { return fixed_dimension("segment", lanes); }

LogDimension environment_dimension(const Experiment& experiment) {
  std::vector<std::string> names;
  for (const NamedEnvironment& named : experiment.environments) names.push_back(named.name);
  return labelled_dimension("environment", names, "1", "named environment");
}

LogGroup meta_group(std::size_t lanes, const World& world) {
  LogGroup group{"meta", "segments of this pack and the vocabulary", {}, {}};
  std::vector<std::string> tokens;
  for (Token t = 0; t < world.vocabulary().size(); ++t) {
    tokens.push_back(world.vocabulary().name(t));
  }
  group.dims = {segment_dimension(lanes),
                labelled_dimension("token", tokens, "1", "name of the token with this id")};
  group.variables = {
      variable("id", {"segment"}, LogType::kString, "1", "content hash of the segment's history"),
      variable("parent", {"segment"}, LogType::kString, "1", "segment this one starts from"),
      variable("row", {"segment"}, LogType::kString, "1", "first table row that has the segment"),
      variable("stage", {"segment"}, LogType::kString, "1", "name of the stage"),
      variable("config", {"segment"}, LogType::kString, "1", "resolved configuration, JSON"),
      variable("seed", {"segment"}, LogType::kI64, "1", "seed of the lane"),
      variable("token_id", {"token"}, LogType::kI32, "1", "id of the token")};
  return group;
}

LogGroup scalar_group(std::size_t lanes, const Lane& lane) {
  LogGroup group{"scalars", "training metrics of every step", {}, {}};
  group.dims = {
      segment_dimension(lanes),
      appended_dimension("step", static_cast<std::uint64_t>(lane.experiment().record.block), "1",
                         "optimizer step within the stage")};
  for (const std::string& name : lane.scalar_names()) {
    group.variables.push_back(
        variable(variable_name(name), {"segment", "step"}, LogType::kF64, scalar_unit(name), name));
  }
  group.variables.push_back(variable("wall_seconds", {"step"}, LogType::kF64, "s",
                                     "wall-clock time of the whole pack for this step"));
  return group;
}

LogGroup evaluation_group(std::size_t lanes, const Lane& lane,
                          const std::vector<NamedMetric>& metrics) {
  LogGroup group{"evaluation", "metrics on evaluation cases of every named environment", {}, {}};
  group.dims = {
      segment_dimension(lanes),
      appended_dimension("checkpoint", 1, "1", "steps done when evaluated"),
      environment_dimension(lane.experiment()),
      labelled_dimension("subset",
                         subset_names(lane.context().world(), lane.experiment().evaluate.groups),
                         "1", "subset of the evaluation cases")};
  for (const NamedMetric& metric : metrics) {
    group.variables.push_back(variable(metric.name,
                                       {"segment", "checkpoint", "environment", "subset"},
                                       LogType::kF64, metric.metric->unit(), metric.name));
  }
  return group;
}

std::vector<LogDimension> probe_dims(std::size_t lanes, const Lane& lane, std::size_t probes,
                                     std::size_t positions) {
  return {segment_dimension(lanes),
          appended_dimension("checkpoint", 1, "1", "steps done when recorded"),
          environment_dimension(lane.experiment()), fixed_dimension("probe", probes),
          fixed_dimension("position", positions)};
}

LogGroup token_group(std::size_t lanes, const Lane& lane, const ProbeShape& s) {
  LogGroup group{"tokens",
                 "most probable next tokens along the probes' factual trajectories; "
                 "position j holds the law after token j",
                 {},
                 {}};
  group.dims = probe_dims(lanes, lane, s.probes, s.positions);
  group.dims.push_back(fixed_dimension("k", s.top));
  const std::vector<std::string> cell = {"segment", "checkpoint", "environment", "probe",
                                         "position"};
  std::vector<std::string> ranked = cell;
  ranked.push_back("k");
  const std::vector<std::string> fixed = {"segment", "environment", "probe", "position"};
  group.variables = {
      variable("token", ranked, LogType::kI32, "1", "token id, most probable first; -1: none"),
      variable("policy", ranked, LogType::kF32, "nat", "log-probability under the policy"),
      variable("reference", ranked, LogType::kF32, "nat", "log-probability under the reference"),
      variable("oracle", ranked, LogType::kF32, "nat", "log-probability under the exact oracle"),
      variable("tail_mass", cell, LogType::kF32, "1", "policy mass of tokens not listed"),
      variable("entropy", cell, LogType::kF32, "nat", "entropy of the policy's law"),
      variable("target_rank", cell, LogType::kI32, "1", "rank of the factual next token"),
      variable("target_log_prob", cell, LogType::kF32, "nat", "policy, factual next token"),
      variable("target", fixed, LogType::kI32, "1", "factual next token; -1: none"),
      variable("valid", fixed, LogType::kU8, "1", "1 where the position exists")};
  return group;
}

LogGroup full_group(std::size_t lanes, const Lane& lane, const ProbeShape& s) {
  LogGroup group{"tokens_full", "complete next-token laws of the first probes", {}, {}};
  group.dims = probe_dims(lanes, lane, s.full, s.positions);
  group.dims.push_back(fixed_dimension("vocab", s.vocabulary));
  const std::vector<std::string> fixed = {"segment", "environment", "probe", "position", "vocab"};
  group.variables = {
      variable("policy", {"segment", "checkpoint", "environment", "probe", "position", "vocab"},
               LogType::kF64, "nat", "log-probability under the policy"),
      variable("reference", fixed, LogType::kF64, "nat", "log-probability under the reference"),
      variable("oracle", fixed, LogType::kF64, "nat", "log-probability under the exact oracle")};
  return group;
}

LogGroup belief_group(std::size_t lanes, const Lane& lane, const ProbeShape& s) {
  LogGroup group{"belief", "z_j = P(z | v, y_<=j) along the probes", {}, {}};
  group.dims = probe_dims(lanes, lane, s.probes, s.positions);
  group.dims.push_back(labelled_dimension(
      "disease", lane.context().world().vocabulary().names().diseases, "1", "diagnosis"));
  const std::vector<std::string> fixed = {"segment", "environment", "probe", "position", "disease"};
  group.variables = {
      variable("policy", {"segment", "checkpoint", "environment", "probe", "position", "disease"},
               LogType::kF32, "1", "belief of the policy, read out by <answer_now>"),
      variable("reference", fixed, LogType::kF32, "1", "belief of the reference"),
      variable("oracle", fixed, LogType::kF32, "1", "exact posterior")};
  return group;
}

LogGroup drift_group(std::size_t lanes, const Lane& lane, std::size_t events) {
  WorldContext& context = lane.context();
  std::vector<std::string> mechanisms;
  for (const MechanismDistance& d :
       context.world().distances(context.world().base(), context.world().base())) {
    mechanisms.push_back(d.mechanism);
  }
  LogGroup group{"drift", "exact distances from the world at time 0, per mechanism", {}, {}};
  group.dims = {segment_dimension(lanes), environment_dimension(lane.experiment()),
                labelled_dimension("mechanism", mechanisms, "1", "mechanism of the causal world"),
                labelled_dimension("stream_time", drift_times(lane.experiment()), "1",
                                   "optimizer steps over all stages")};
  const std::vector<std::string> named = {"segment", "environment", "mechanism"};
  const std::vector<std::string> timed = {"segment", "stream_time", "mechanism"};
  group.variables = {
      variable("environment_kl", named, LogType::kF64, "nat", "KL(environment || time 0)"),
      variable("environment_hellinger", named, LogType::kF64, "1", "Hellinger distance"),
      variable("environment_total_variation", named, LogType::kF64, "1",
               "largest total variation of a variable"),
      variable("environment_time", {"segment", "environment"}, LogType::kI64, "1",
               "stream time of the environment"),
      variable("environment_mechanism", named, LogType::kU8, "1",
               "1 where the mechanism is taken at environment_time, 0 where it stays as at time 0"),
      variable("kl", timed, LogType::kF64, "nat",
               "KL(time t || time 0); NaN where a reactive drift had yet to decide"),
      variable("hellinger", timed, LogType::kF64, "1", "Hellinger distance"),
      variable("total_variation", timed, LogType::kF64, "1",
               "largest total variation of a variable"),
      variable("budget_hellinger", timed, LogType::kF64, "1",
               "variation budget: sum of Hellinger distances from each stream_time to the next"),
      variable("budget_total_variation", timed, LogType::kF64, "1",
               "variation budget: sum of total variations from each stream_time to the next")};
  if (events == 0) return group;
  group.dims.push_back(fixed_dimension("event", events));
  const std::vector<std::string> event = {"segment", "event"};
  group.variables.push_back(
      variable("event_time", event, LogType::kI64, "1", "stream time of the event; -1: no event"));
  group.variables.push_back(
      variable("event_process", event, LogType::kString, "1", "type of the drift process"));
  group.variables.push_back(
      variable("event_factor", event, LogType::kString, "1", "factor that is moved"));
  group.variables.push_back(
      variable("event_kind", event, LogType::kString, "1", "start, end or switch"));
  return group;
}

}  // namespace

std::size_t event_count(const std::vector<std::unique_ptr<Lane>>& lanes) {
  std::size_t most = 0;
  for (const auto& lane : lanes) most = std::max(most, lane->context().events().size());
  return most;
}

std::string variable_name(std::string name) {
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

LogSchema PackLog::schema(const std::vector<std::unique_ptr<Lane>>& lanes,
                          const std::vector<SegmentLabel>&, const std::vector<NamedMetric>& metrics,
                          const PackInfo& info) {
  const Lane& lane = *lanes.front();
  const ProbeShape shape = probe_shape(lane.experiment(), lane.context().world());
  LogSchema schema;
  schema.attributes = {{"experiment", info.experiment}, {"config_hash", info.config_hash}};
  for (const auto& [name, value] : provenance(info.device, info.threads))
    schema.attributes.push_back({name, value});
  schema.groups = {meta_group(lanes.size(), lane.context().world()),
                   scalar_group(lanes.size(), lane), evaluation_group(lanes.size(), lane, metrics),
                   drift_group(lanes.size(), lane, event_count(lanes))};
  if (shape.probes > 0) {
    if (shape.top > 0) schema.groups.push_back(token_group(lanes.size(), lane, shape));
    if (shape.full > 0) schema.groups.push_back(full_group(lanes.size(), lane, shape));
    schema.groups.push_back(belief_group(lanes.size(), lane, shape));
  }
  return schema;
}

}  // namespace tightrope
