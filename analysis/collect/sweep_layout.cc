// SPDX-License-Identifier: Apache-2.0
#include "analysis/collect/sweep_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/base/check.h"
#include "core/base/strings.h"

namespace tightrope {
namespace {

std::string last_part(const std::string& name) { return name.substr(name.find('/') + 1); }

template <class T>
T attribute_of(const LogReader& log, const std::string& variable, const std::string& name) {
  for (const LogAttribute& attribute : log.attributes(variable)) {
    const T* value = std::get_if<T>(&attribute.value);
    if (attribute.name == name && value != nullptr) return *value;
  }
  return {};
}

std::string text_of(const LogReader& log, const std::string& variable, const std::string& name,
                    const std::string& otherwise) {
  const auto text = attribute_of<std::string>(log, variable, name);
  return text.empty() ? otherwise : text;
}

// Labels in the order in which they are first seen.
void unite(std::vector<std::string>& all, const std::vector<std::string>& more) {
  for (const std::string& label : more) {
    if (std::find(all.begin(), all.end(), label) == all.end()) all.push_back(label);
  }
}

// Steps in ascending order.
void unite(std::vector<std::int64_t>& all, const std::vector<std::int64_t>& more) {
  std::vector<std::int64_t> both;
  std::set_union(all.begin(), all.end(), more.begin(), more.end(), std::back_inserter(both));
  all = std::move(both);
}

// The pack's coordinate, in a form that can be united; nothing for an axis without one.
LogCoordinate coordinate_of(const LogReader& log, const std::string& path) {
  if (!log.has(path)) return {};
  const LogVariableInfo info = log.info(path);
  if (info.type == LogType::kString) return log.read_strings(path).values;
  if (info.type != LogType::kI64) {
    throw IoError(fmt::format("{}: the axis {} is of type {}, must be texts or whole numbers",
                              log.path(), path, log_type_name(info.type)));
  }
  std::vector<std::int64_t> values = log.read<std::int64_t>(path).values;
  if (!std::is_sorted(values.begin(), values.end(), std::less_equal<>())) {
    throw IoError(fmt::format("{}: the axis {} does not ascend", log.path(), path));
  }
  return values;
}

std::string variable_name_of(const std::string& path) {
  std::string name = path;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  if (std::isdigit(static_cast<unsigned char>(name[0])) != 0) name.insert(0, "_");
  return name;
}

}  // namespace

const std::vector<std::string>& collectable_groups() {
  static const std::vector<std::string> names = {"scalars", "evaluation",  "drift",
                                                 "tokens",  "tokens_full", "belief"};
  return names;
}

SweepLayout::SweepLayout(const RunIndex& index, const std::set<std::string>& groups)
    : index_(index), wanted_(groups), parameters_(index.parameters()) {}

void SweepLayout::add(const std::string& pack, OpenPack& open) {
  unite(stages_, open.log.read_strings("meta/stage").values);
  add_vocabulary(pack, open);
  for (const std::string& name : open.log.groups()) {
    if (wanted_.count(name) == 0) continue;
    Group& group = groups_[name];
    for (const LogVariableInfo& info : open.log.variables(name)) {
      const bool coordinate = info.dims.size() == 1 && info.dims[0] == last_part(info.name);
      for (std::size_t axis = 0; axis < info.dims.size(); ++axis) {
        if (info.dims[axis].empty()) {
          throw IoError(
              fmt::format("{}: {} has an axis without a name", open.log.path(), info.name));
        }
        if (info.dims[axis] == "segment") continue;
        add_axis(group, open.log, name, info.dims[axis], info.shape[axis]);
      }
      if (!coordinate) add_variable(group, pack, open.log, info);
    }
  }
}

void SweepLayout::add_vocabulary(const std::string& pack, const OpenPack& open) {
  const std::vector<std::string> names = open.log.read_strings("meta/token").values;
  if (vocabulary_pack_.empty()) {
    vocabulary_pack_ = pack;
    vocabulary_ = names;
    return;
  }
  if (names == vocabulary_) return;
  const bool tokens = wanted_.count("tokens") + wanted_.count("tokens_full") > 0;
  TR_REQUIRE(!tokens,
             "{} and {} have different vocabularies ({} and {} tokens), so their tokens share no "
             "axis; leave them out: --groups scalars,evaluation,drift,belief",
             vocabulary_pack_, pack, vocabulary_.size(), names.size());
  vocabulary_.clear();  // none that holds for all
}

void SweepLayout::add_axis(Group& group, const LogReader& log, const std::string& group_name,
                           const std::string& name, std::uint64_t length) {
  const std::string path = group_name + "/" + name;
  LogDimension* dim = nullptr;
  for (LogDimension& each : group.axes) {
    if (each.name == name) dim = &each;
  }
  LogCoordinate coordinate = coordinate_of(log, path);
  if (dim == nullptr) {
    dim = &group.axes.emplace_back();
    dim->name = name;
    dim->coordinate = coordinate;
    if (coordinate.index() != 0) {
      dim->units = text_of(log, path, "units", "1");
      dim->long_name = text_of(log, path, "long_name", name);
    }
  }
  TR_REQUIRE(dim->coordinate.index() == coordinate.index(),
             "{}: the axis {} has other coordinates than in the packs before it", log.path(), path);
  if (auto* labels = std::get_if<std::vector<std::string>>(&dim->coordinate)) {
    unite(*labels, std::get<std::vector<std::string>>(coordinate));
    dim->length = labels->size();
  } else if (auto* steps = std::get_if<std::vector<std::int64_t>>(&dim->coordinate)) {
    unite(*steps, std::get<std::vector<std::int64_t>>(coordinate));
    dim->length = steps->size();
  } else {
    dim->length = std::max(dim->length, length);
  }
}

void SweepLayout::add_variable(Group& group, const std::string& pack, const LogReader& log,
                               const LogVariableInfo& info) {
  std::vector<std::string> dims = info.dims;
  if (!dims.empty() && dims[0] == "segment") dims.erase(dims.begin());
  const std::string name = last_part(info.name);
  for (const Variable& known : group.variables) {
    if (known.log.name != name) continue;
    TR_REQUIRE(known.log.dims == dims && known.log.type == info.type,
               "{} of {} is {} over ({}), of {} {} over ({}): they share no variable", info.name,
               pack, log_type_name(info.type), join(dims, ", "), known.first_pack,
               log_type_name(known.log.type), join(known.log.dims, ", "));
    return;
  }
  LogVariable variable;
  variable.name = name;
  variable.dims = std::move(dims);
  variable.type = info.type;
  variable.units = text_of(log, info.name, "units", "1");
  variable.long_name = text_of(log, info.name, "long_name", name);
  variable.flag_values = attribute_of<std::vector<std::int64_t>>(log, info.name, "flag_values");
  const auto meanings = attribute_of<std::string>(log, info.name, "flag_meanings");
  if (!variable.flag_values.empty()) variable.flag_meanings = split(meanings, ' ');
  variable.compress = info.type == LogType::kI32 || info.type == LogType::kU8;
  group.variables.push_back({std::move(variable), pack});
}

const LogDimension& SweepLayout::axis(const std::string& group, const std::string& name) const {
  for (const LogDimension& dim : groups_.at(group).axes) {
    if (dim.name == name) return dim;
  }
  TR_CHECK(false, "no axis {} of {}", name, group);
}

const std::vector<std::uint64_t>& SweepLayout::places(OpenPack& open, const std::string& group,
                                                      const std::string& name) const {
  const std::string path = group + "/" + name;
  const auto found = open.places.find(path);
  if (found != open.places.end()) return found->second;
  const LogDimension& dim = axis(group, name);
  const LogCoordinate coordinate = coordinate_of(open.log, path);
  std::vector<std::uint64_t> out;
  if (const auto* labels = std::get_if<std::vector<std::string>>(&coordinate)) {
    const auto& all = std::get<std::vector<std::string>>(dim.coordinate);
    for (const std::string& label : *labels) {
      out.push_back(std::find(all.begin(), all.end(), label) - all.begin());
    }
  } else if (const auto* steps = std::get_if<std::vector<std::int64_t>>(&coordinate)) {
    const auto& all = std::get<std::vector<std::int64_t>>(dim.coordinate);
    for (const std::int64_t step : *steps) {
      out.push_back(std::lower_bound(all.begin(), all.end(), step) - all.begin());
    }
  } else {
    for (std::uint64_t i = 0; i < dim.length; ++i) out.push_back(i);
  }
  return open.places.emplace(path, std::move(out)).first->second;
}

std::vector<std::string> SweepLayout::parameter_names() const {
  std::set<std::string> taken = {"run",          "stage",  "id",      "row",     "seed",
                                 "seed_set",     "status", "config",  "segment", "frozen_step",
                                 "frozen_cause", "token",  "token_id"};
  for (const auto& [name, group] : groups_) {
    for (const LogDimension& dim : group.axes) taken.insert(dim.name);
    for (const Variable& variable : group.variables) taken.insert(variable.log.name);
  }
  std::vector<std::string> out;
  for (const RunParameter& parameter : parameters_) {
    std::string name = variable_name_of(parameter.path);
    while (!taken.insert(name).second) name.insert(0, "parameter_");
    out.push_back(std::move(name));
  }
  return out;
}

namespace {

LogVariable run_variable(std::string name, std::vector<std::string> dims, LogType type,
                         std::string long_name) {
  LogVariable out;
  out.name = std::move(name);
  out.dims = std::move(dims);
  out.type = type;
  out.units = "1";
  out.long_name = std::move(long_name);
  return out;
}

void add_run_variables(const SweepLayout& layout, LogGroup& group) {
  const std::vector<std::string> run = {"run"};
  group.variables.push_back(
      run_variable("id", run, LogType::kString, "content hash of the run's history"));
  group.variables.push_back(run_variable("row", run, LogType::kString, "row of the tables"));
  group.variables.push_back(
      run_variable("arm", run, LogType::kString, "arm of the sweep; empty without arms"));
  group.variables.push_back(run_variable("seed", run, LogType::kI64, "seed of the run"));
  group.variables.push_back(run_variable("seed_set", run, LogType::kString, "explore or confirm"));
  group.variables.push_back(
      run_variable("status", run, LogType::kString, "done, diverged, failed or missing"));
  const std::vector<std::string> names = layout.parameter_names();
  for (std::size_t p = 0; p < names.size(); ++p) {
    const RunParameter& parameter = layout.parameters()[p];
    const LogType types[] = {LogType::kI64, LogType::kF64, LogType::kString};
    group.variables.push_back(
        run_variable(names[p], run, types[parameter.values.index()], parameter.path));
  }
}

}  // namespace

std::vector<std::string> run_coordinates(const SweepLayout& layout) {
  std::vector<std::string> out = {"id", "row", "arm", "seed", "seed_set", "status"};
  for (const std::string& name : layout.parameter_names()) out.push_back(name);
  return out;
}

LogSchema SweepLayout::schema() const {
  std::vector<std::int64_t> numbers;
  for (std::size_t r = 0; r < index_.runs.size(); ++r) {
    numbers.push_back(static_cast<std::int64_t>(r));
  }
  const LogDimension run = labelled_dimension("run", numbers, "1", "run, as in the manifest");
  const LogDimension stage = labelled_dimension("stage", stages_, "1", "name of the stage");
  LogSchema out;
  LogGroup meta{"meta", "the runs of this sweep and the vocabulary", {run, stage}, {}};
  add_run_variables(*this, meta);
  const std::vector<std::string> staged = {"run", "stage"};
  meta.variables.push_back(
      run_variable("config", {"run"}, LogType::kString, "resolved configuration, JSON"));
  meta.variables.push_back(run_variable("segment", staged, LogType::kString,
                                        "content hash of the stage's history; empty: none"));
  meta.variables.push_back(run_variable("frozen_step", staged, LogType::kI64,
                                        "step at which the lane was frozen; -1: never"));
  meta.variables.push_back(run_variable("frozen_cause", staged, LogType::kString, "and why"));
  if (!vocabulary_.empty()) {
    meta.dims.push_back(
        labelled_dimension("token", vocabulary_, "1", "name of the token with this id"));
    meta.variables.push_back(run_variable("token_id", {"token"}, LogType::kI32, "id of the token"));
  }
  out.groups.push_back(std::move(meta));
  for (const std::string& name : collectable_groups()) {
    const auto found = groups_.find(name);
    if (found == groups_.end()) continue;
    LogGroup group{name, found->second.description, {run}, {}};
    if (has_stages(name)) group.dims.push_back(stage);
    for (const LogDimension& axis : found->second.axes) group.dims.push_back(axis);
    add_run_variables(*this, group);
    for (const Variable& variable : found->second.variables) {
      LogVariable log = variable.log;
      log.dims.insert(log.dims.begin(), {"run"});
      if (has_stages(name)) log.dims.insert(log.dims.begin() + 1, "stage");
      group.variables.push_back(std::move(log));
    }
    out.groups.push_back(std::move(group));
  }
  return out;
}

}  // namespace tightrope
