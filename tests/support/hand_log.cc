// SPDX-License-Identifier: Apache-2.0
#include "tests/support/hand_log.h"

#include <fmt/format.h>

#include <limits>

#include "core/base/strings.h"
#include "core/log/writer.h"

namespace tightrope {
namespace {

using Dims = std::vector<std::string>;

LogVariable variable(const std::string& name, const Dims& dims, LogType type) {
  LogVariable out;
  out.name = name;
  out.dims = dims;
  out.type = type;
  out.units = std::string("1");
  out.long_name = name;
  return out;
}

LogDimension labels(const std::string& name, const Dims& values) {
  return labelled_dimension(name, values, "1", name);
}

LogDimension rows(const std::string& name, std::uint64_t block) {
  return appended_dimension(name, block, "1", name);
}

LogGroup meta_group(const HandLog& log) {
  LogGroup group{
      "meta", "", {fixed_dimension("segment", log.segments), labels("token", log.token)}, {}};
  for (const char* name : {"id", "row", "stage", "config"}) {
    group.variables.push_back(variable(name, {"segment"}, LogType::kString));
  }
  return group;
}

LogGroup evaluation_group(const HandLog& log) {
  LogGroup group{"evaluation", "", {}, {}};
  group.dims = {fixed_dimension("segment", log.segments), rows("checkpoint", 1),
                labels("environment", log.environment), labels("subset", log.subset)};
  for (const auto& [name, values] : log.evaluation) {
    group.variables.push_back(
        variable(name, {"segment", "checkpoint", "environment", "subset"}, LogType::kF64));
  }
  return group;
}

LogGroup scalar_group(const HandLog& log) {
  LogGroup group{"scalars", "", {fixed_dimension("segment", log.segments), rows("step", 32)}, {}};
  for (const auto& [name, values] : log.scalars) {
    group.variables.push_back(variable(name, {"segment", "step"}, LogType::kF64));
  }
  return group;
}

std::vector<LogDimension> probe_dims(const HandLog& log) {
  return {fixed_dimension("segment", log.segments), rows("checkpoint", 1),
          labels("environment", log.environment), fixed_dimension("probe", log.probes),
          fixed_dimension("position", log.positions)};
}

LogGroup law_group(const HandLog& log, const std::string& name, LogDimension last, LogType type,
                   bool with_reference) {
  LogGroup group{name, "", probe_dims(log), {}};
  const Dims fixed = {"segment", "environment", "probe", "position", last.name};
  const Dims all = {"segment", "checkpoint", "environment", "probe", "position", last.name};
  group.dims.push_back(std::move(last));
  group.variables = {variable("policy", all, type), variable("oracle", fixed, type)};
  if (with_reference) group.variables.push_back(variable("reference", fixed, type));
  return group;
}

LogGroup drift_group(const HandLog& log) {
  LogGroup group{"drift", "", {}, {}};
  group.dims = {fixed_dimension("segment", log.segments), labels("environment", log.environment)};
  if (!log.mechanism.empty()) group.dims.push_back(labels("mechanism", log.mechanism));
  if (!log.environment_mechanism.empty()) {
    group.variables = {
        variable("environment_time", {"segment", "environment"}, LogType::kI64),
        variable("environment_mechanism", {"segment", "environment", "mechanism"}, LogType::kU8),
        variable("environment_hellinger", {"segment", "environment", "mechanism"}, LogType::kF64)};
  }
  if (!log.events.empty()) {
    group.dims.push_back(fixed_dimension("event", log.events.size() / log.segments));
    group.variables.push_back(variable("event_time", {"segment", "event"}, LogType::kI64));
    for (const char* name : {"event_process", "event_factor", "event_kind"}) {
      group.variables.push_back(variable(name, {"segment", "event"}, LogType::kString));
    }
  }
  if (!log.budget.empty()) {
    group.dims.push_back(labelled_dimension("stream_time", log.stream_time, "1", "time"));
    for (const char* name : {"budget_hellinger", "budget_total_variation"}) {
      group.variables.push_back(
          variable(name, {"segment", "stream_time", "mechanism"}, LogType::kF64));
    }
  }
  return group;
}

LogSchema schema_of(const HandLog& log) {
  LogSchema schema;
  schema.attributes = {{"experiment", std::string("by_hand")},
                       {"config_hash", std::string("0123456789abcdef")}};
  schema.groups = {meta_group(log), evaluation_group(log), scalar_group(log)};
  if (!log.mechanism.empty() || !log.events.empty()) schema.groups.push_back(drift_group(log));
  if (!log.target.empty()) {
    LogGroup group{"tokens", "", probe_dims(log), {}};
    group.dims.erase(group.dims.begin() + 1);  // no variable along the checkpoints
    group.variables = {
        variable("target", {"segment", "environment", "probe", "position"}, LogType::kI32)};
    schema.groups.push_back(group);
  }
  if (log.whole_laws) {
    schema.groups.push_back(law_group(
        log, "tokens_full", fixed_dimension("vocab", log.token.size()), LogType::kF64, true));
  }
  if (!log.belief_policy.empty()) {
    schema.groups.push_back(
        law_group(log, "belief", labels("disease", log.disease), LogType::kF32, false));
  }
  return schema;
}

std::string config_of(const HandLog& log) {
  std::vector<std::string> environments;
  for (std::size_t e = 0; e < log.environment.size(); ++e) {
    environments.push_back(
        fmt::format(R"("{}": {{"at": {}}})", log.environment[e], log.environment_time[e]));
  }
  std::vector<std::string> stages;
  for (const HandLog::StageLine& stage : log.stages) {
    const std::int64_t steps = stage.steps < 0 ? log.checkpoint.back() : stage.steps;
    stages.push_back(
        fmt::format(R"({{"name": "{}", "steps": {}, "data": {}}})", stage.name, steps, stage.data));
  }
  return fmt::format(R"({{"environments": {{{}}}, "stages": [{}]}})", join(environments, ", "),
                     join(stages, ", "));
}

void write_static(const HandLog& log, LogWriter& out) {
  const Dims sft(log.segments, std::string("sft")), stage(log.segments, log.stage);
  Dims ids;
  for (std::size_t s = 0; s < log.segments; ++s) ids.push_back(fmt::format("{:016x}", s));
  out.write("meta/id", ids);
  out.write("meta/row", sft);
  out.write("meta/stage", stage);
  out.write("meta/config", Dims(log.segments, config_of(log)));
  if (!log.target.empty()) out.write("tokens/target", log.target);
  if (log.whole_laws) {
    out.write("tokens_full/oracle", log.oracle);
    out.write("tokens_full/reference", log.reference);
  }
  if (!log.belief_oracle.empty()) out.write("belief/oracle", log.belief_oracle);
  if (!log.environment_mechanism.empty()) {
    std::vector<std::int64_t> times;
    for (std::size_t s = 0; s < log.segments; ++s) {
      times.insert(times.end(), log.environment_time.begin(), log.environment_time.end());
    }
    out.write("drift/environment_time", times);
    out.write("drift/environment_mechanism", log.environment_mechanism);
    out.write("drift/environment_hellinger", log.environment_hellinger);
  }
  if (!log.events.empty()) {
    std::vector<std::int64_t> times;
    Dims process, factor, kind;
    for (const HandLog::Event& event : log.events) {
      times.push_back(event.time);
      process.push_back(event.process);
      factor.push_back(event.factor);
      kind.push_back(event.kind);
    }
    out.write("drift/event_time", times);
    out.write("drift/event_process", process);
    out.write("drift/event_factor", factor);
    out.write("drift/event_kind", kind);
  }
  if (log.budget.empty()) return;
  out.write("drift/budget_hellinger", log.budget);
  out.write("drift/budget_total_variation", log.budget);
}

// Row c of values [segment, checkpoint, width].
template <class T>
std::vector<T> row_of(const std::vector<T>& values, std::size_t segments, std::size_t rows_in_all,
                      std::size_t c) {
  const std::size_t width = values.size() / segments / rows_in_all;
  std::vector<T> out;
  for (std::size_t s = 0; s < segments; ++s) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>((s * rows_in_all + c) * width);
    out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(width));
  }
  return out;
}

void append_checkpoint(const HandLog& log, std::size_t c, LogWriter& out) {
  const std::size_t count = log.checkpoint.size();
  const bool evaluated = log.evaluated.empty() || log.evaluated[c] != 0;
  for (const auto& [name, values] : log.evaluation) {
    if (!evaluated) break;
    std::vector<double> block;
    for (const double x : row_of(values, log.segments, count, c)) {
      block.push_back(x);
      block.resize(block.size() + log.subset.size() - 1, -1);  // other subsets: not to be read
    }
    out.put(out.column(fmt::format("evaluation/{}", name)), block);
  }
  if (evaluated) out.end_row(out.axis("evaluation/checkpoint"), log.checkpoint[c]);
  if (log.whole_laws) {
    out.put(out.column("tokens_full/policy"), row_of(log.policy, log.segments, count, c));
    out.end_row(out.axis("tokens_full/checkpoint"), log.checkpoint[c]);
  }
  if (log.belief_policy.empty()) return;
  out.put(out.column("belief/policy"), row_of(log.belief_policy, log.segments, count, c));
  out.end_row(out.axis("belief/checkpoint"), log.checkpoint[c]);
}

}  // namespace

void HandLog::make_room() {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  oracle.assign(cells() * token.size(), kNan);
  reference = oracle;
  policy.assign(oracle.size() * checkpoint.size(), kNan);
  belief_oracle.assign(cells() * disease.size(), static_cast<float>(kNan));
  belief_policy.assign(belief_oracle.size() * checkpoint.size(), static_cast<float>(kNan));
}

void HandLog::write(const std::string& path, bool finish) const {
  LogWriter out = LogWriter::create(path, schema_of(*this));
  write_static(*this, out);
  out.start();
  for (std::size_t c = 0; c < checkpoint.size(); ++c) append_checkpoint(*this, c, out);
  const std::size_t steps = scalars.empty() ? 0 : scalars.begin()->second.size() / segments;
  for (std::size_t t = 0; t < steps; ++t) {
    for (const auto& [name, values] : scalars) {
      out.put(out.column(fmt::format("scalars/{}", name)), row_of(values, segments, steps, t));
    }
    out.end_row(out.axis("scalars/step"), static_cast<std::int64_t>(t));
  }
  if (!finish) return;
  out.finish({{"finished_utc", std::string("2026-01-01T00:00:00Z")},
              {"status", std::string("done")},
              {"segment_status", Dims(segments, std::string("done"))},
              {"frozen_step", std::vector<std::int64_t>(segments, -1)},
              {"frozen_cause", Dims(segments)}});
}

}  // namespace tightrope
