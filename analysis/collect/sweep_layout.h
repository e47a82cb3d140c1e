// SPDX-License-Identifier: Apache-2.0
// The layout of sweep.h5: the packs' groups with `run` and `stage` for `segment`, and for every
// other axis the union of the packs' axes: by its labels or steps where it has any, else by place.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "analysis/collect/pack_logs.h"
#include "core/log/schema.h"

namespace tightrope {

class SweepLayout {
 public:
  // `groups`: which of the packs' groups are collected besides meta.
  SweepLayout(const RunIndex& index, const std::set<std::string>& groups);

  // Takes a finished pack in. Throws InputError, naming both packs, where it does not fit those
  // before it: another vocabulary under token groups, a variable of another type or other axes.
  void add(const std::string& pack, OpenPack& open);

  // All groups, with the runs' own coordinates in each. Call when every pack is in.
  LogSchema schema() const;

  struct Variable {
    LogVariable log;         // dims: those of the packs without `segment`
    std::string first_pack;  // that has it
  };
  struct Group {
    std::string description;
    std::vector<LogDimension> axes;  // with the union of coordinates; length 0: none seen
    std::vector<Variable> variables;
  };
  const std::map<std::string, Group>& groups() const { return groups_; }
  const std::vector<std::string>& stages() const { return stages_; }
  const std::vector<RunParameter>& parameters() const { return parameters_; }
  // The name of parameter p's variable: its path with _ for what a name cannot hold.
  std::vector<std::string> parameter_names() const;
  // Places of a pack's axis "group/axis" in the union.
  const std::vector<std::uint64_t>& places(OpenPack& open, const std::string& group,
                                           const std::string& axis) const;
  const LogDimension& axis(const std::string& group, const std::string& name) const;
  // "stage" is an axis of every group but drift, which is read off a run's last stage.
  static bool has_stages(const std::string& group) { return group != "drift"; }
  const std::vector<std::string>& vocabulary() const { return vocabulary_; }

 private:
  void add_vocabulary(const std::string& pack, const OpenPack& open);
  void add_axis(Group& group, const LogReader& log, const std::string& group_name,
                const std::string& name, std::uint64_t length);
  void add_variable(Group& group, const std::string& pack, const LogReader& log,
                    const LogVariableInfo& info);

  const RunIndex& index_;
  std::set<std::string> wanted_;
  std::map<std::string, Group> groups_;
  std::vector<std::string> stages_;
  std::vector<RunParameter> parameters_;
  std::vector<std::string> vocabulary_;
  std::string vocabulary_pack_;
};

// The coordinates of the runs, which every group has: their names, for its `coordinates` attribute.
std::vector<std::string> run_coordinates(const SweepLayout& layout);

// The groups that can be collected besides meta.
const std::vector<std::string>& collectable_groups();

}  // namespace tightrope
