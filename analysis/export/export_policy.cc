// SPDX-License-Identifier: Apache-2.0
#include "analysis/export/export_policy.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "analysis/collect/pack_logs.h"
#include "analysis/export/safetensors.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/strings.h"
#include "core/log/checkpoint.h"
#include "core/log/files.h"

namespace tightrope {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{16} << 30;

[[noreturn]] void refuse_row(const RunIndex& index, const std::string& row) {
  std::vector<std::string> rows;
  for (const IndexedRun& run : index.runs) {
    if (std::find(rows.begin(), rows.end(), run.row) == rows.end()) rows.push_back(run.row);
  }
  const auto near = nearest(row, rows);
  const std::size_t shown = std::min<std::size_t>(rows.size(), 20);
  throw InputError(fmt::format("--row {}: no such row{} rows: {}{}", row,
                               near ? fmt::format("; did you mean \"{}\"?", *near) : ";",
                               join(std::span(rows).first(shown), ", "),
                               shown < rows.size() ? ", ..." : ""));
}

const IndexedRun& choose_run(const RunIndex& index, const PolicyChoice& choice) {
  std::vector<const IndexedRun*> fit;
  bool row_known = choice.row.empty();
  std::set<std::int64_t> seeds;
  for (const IndexedRun& run : index.runs) {
    if (!choice.run.empty() && !run.id.starts_with(choice.run)) continue;
    if (!choice.row.empty() && run.row != choice.row) continue;
    row_known = true;
    seeds.insert(run.seed);
    if (choice.seed && run.seed != *choice.seed) continue;
    fit.push_back(&run);
  }
  if (!choice.run.empty() && seeds.empty()) {
    throw InputError(fmt::format("{}: no such run in {}{}", choice.run, index.folder,
                                 nearest_run(index, choice.run)));
  }
  if (!row_known) refuse_row(index, choice.row);
  if (fit.empty()) {
    std::vector<std::string> texts;
    for (const std::int64_t seed : seeds) texts.push_back(std::to_string(seed));
    throw InputError(fmt::format("--seed {}: no run of this row has it; seeds: {}",
                                 choice.seed.value_or(0), join(texts, ", ")));
  }
  for (const IndexedRun* run : fit) {
    TR_REQUIRE(
        run->id == fit.front()->id,
        "more than one run fits, for example {} ({}, seed {}) and {} ({}, seed {}); name one "
        "by its id, or by --row and --seed",
        fit.front()->id, fit.front()->row, fit.front()->seed, run->id, run->row, run->seed);
  }
  return *fit.front();
}

std::size_t choose_stage(const RunIndex& index, PackLogs& logs, const IndexedRun& run,
                         const std::string& name) {
  if (name.empty()) return run.stages.size() - 1;
  std::vector<std::string> known;
  for (std::size_t s = 0; s < run.stages.size(); ++s) {
    const RunStage& stage = run.stages[s];
    if (!index.finished(stage.pack)) continue;
    known.push_back(logs.open(stage.pack).log.read_strings("meta/stage").values.at(stage.lane));
    if (known.back() == name) return s;
  }
  const auto near = nearest(name, known);
  throw InputError(fmt::format("--stage {}: this run has no such finished stage{} stages: {}", name,
                               near ? fmt::format("; did you mean \"{}\"?", *near) : ";",
                               join(known, ", ")));
}

// The named views of `parameters`; what no view covers is kept too.
std::vector<NamedTensor> tensors_of(const Checkpoint& file, std::span<const float> parameters,
                                    const std::string& where) {
  std::vector<NamedTensor> out;
  if (!file.has("layout")) {
    return {{"parameters", {static_cast<std::int64_t>(parameters.size())}, parameters}};
  }
  std::size_t covered = 0;
  for (const std::string& text : file.get<std::string>("layout")) {
    const nlohmann::json view = nlohmann::json::parse(text, nullptr, false);
    if (!view.is_object()) throw IoError(where + ": its layout is damaged");
    const auto offset = view.at("offset").get<std::size_t>();
    const auto size = view.at("size").get<std::size_t>();
    if (offset != covered || size > parameters.size() - offset) {
      throw IoError(where + ": its layout does not tile the parameters");
    }
    covered += size;
    out.push_back({view.at("name"), view.at("shape").get<std::vector<std::int64_t>>(),
                   parameters.subspan(offset, size)});
  }
  if (covered != parameters.size()) {
    throw IoError(where + ": its layout does not tile the parameters");
  }
  return out;
}

// `policy.type` of a resolved configuration.
std::string policy_type(const std::string& config) {
  const nlohmann::json json = nlohmann::json::parse(config, nullptr, false);
  const auto policy = json.is_object() ? json.find("policy") : json.end();
  if (policy == json.end() || !policy->is_object() || !policy->contains("type")) return "";
  return policy->at("type").get<std::string>();
}

}  // namespace

ExportedPolicy export_policy(const PolicyChoice& choice, const std::string& out) {
  const RunIndex index = read_run_index(choice.folder);
  const IndexedRun& run = choose_run(index, choice);
  PackLogs logs(index);
  const RunStage& stage = run.stages[choose_stage(index, logs, run, choice.stage)];
  TR_REQUIRE(index.finished(stage.pack), "{}: the run is not finished ({})", run.id,
             index.log_path(stage.pack));
  const std::string path = index.policies_path(stage.pack);
  const Checkpoint file = decode(read_whole_file(path, kMostBytes), path);
  if (hex(file.config_hash()) != index.hash) {
    throw IoError(
        fmt::format("{} belongs to another plan than {}/manifest.jsonl", path, index.folder));
  }
  const std::vector<float>& parameters = file.get<float>(stage.segment);
  const LogReader& log = logs.open(stage.pack).log;
  const std::string config = log.read_strings("meta/config").values.at(stage.lane);
  const nlohmann::json vocabulary = log.read_strings("meta/token").values;
  ExportedPolicy report;
  report.path = out.empty() ? run.id + ".safetensors" : out;
  report.segment = stage.segment;
  report.parameters = parameters.size();
  const std::vector<NamedTensor> tensors = tensors_of(file, parameters, path);
  report.tensors = tensors.size();
  write_safetensors(report.path, tensors,
                    {{"experiment", index.experiment},
                     {"policy", policy_type(config)},
                     {"stage", log.read_strings("meta/stage").values.at(stage.lane)},
                     {"segment", stage.segment},
                     {"run", run.id},
                     {"row", run.row},
                     {"seed", std::to_string(run.seed)},
                     {"seed_set", run.seed_set},
                     {"vocabulary", vocabulary.dump()},
                     {"config", config}});
  return report;
}

}  // namespace tightrope
