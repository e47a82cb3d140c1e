// SPDX-License-Identifier: Apache-2.0
#include "experiments/structure.h"

#include <map>
#include <set>
#include <string>

#include "core/base/hash.h"
#include "core/registry/registry.h"
#include "experiments/experiment_schema.h"
#include "experiments/node_memo.h"

namespace tightrope {
namespace {

using Fields = std::set<std::string>;

// (kind, component) -> names of its per-lane fields.
const std::map<std::pair<std::string, std::string>, Fields>& per_lane_fields() {
  static const auto* fields = [] {
    auto* out = new std::map<std::pair<std::string, std::string>, Fields>;
    for (const ComponentInfo& info : all_components()) {
      Fields& names = (*out)[{info.kind, info.name}];
      for (const FieldInfo& field : info.fields) {
        if (field.options.per_lane) names.insert(field.name);
      }
    }
    return out;
  }();
  return *fields;
}

std::uint64_t without(const Node& node, const Fields& dropped) {
  std::uint64_t out = 0;
  for (const NodeEntry& entry : node.entries()) {
    if (dropped.count(entry.key) == 0) {
      out = combined_hash(hash64(entry.key, out), remembered_hash(entry.value));
    }
  }
  return out;
}

std::uint64_t component_structure(const std::string& kind, const Node& node) {
  const Node* type = node.find("type");
  if (type == nullptr) return remembered_hash(node);
  const auto found = per_lane_fields().find({kind, type->text()});
  return without(node, found == per_lane_fields().end() ? Fields() : found->second);
}

std::uint64_t stage_structure(const Node& stage) {
  static const Fields dropped = [] {
    Fields names = {"optimizer", "expert", "reward", "stepper", "reference_schedule"};
    const Schema<StageParams> schema = StageParams::schema();
    for (const FieldInfo& field : schema.fields()) {
      if (field.options.per_lane) names.insert(field.name);
    }
    return names;
  }();
  std::uint64_t out = without(stage, dropped);
  for (const char* kind : {"optimizer", "expert", "reward", "stepper", "reference_schedule"}) {
    const Node* node = stage.find(kind);
    out = combined_hash(out, node == nullptr ? 0 : component_structure(kind, *node));
  }
  return out;
}

}  // namespace

std::uint64_t structure_hash(const Experiment& experiment, std::size_t stage) {
  std::uint64_t out =
      combined_hash(stage, static_cast<std::uint64_t>(experiment.stage_start(stage)));
  // The drift log spans the horizon.
  out = combined_hash(out, static_cast<std::uint64_t>(experiment.horizon()));
  for (const NodeEntry& entry : experiment.resolved.entries()) {
    if (entry.key == "stages" || entry.key == "drift") continue;
    const bool component = entry.key == "world" || entry.key == "policy";
    out = combined_hash(hash64(entry.key, out), component
                                                    ? component_structure(entry.key, entry.value)
                                                    : remembered_hash(entry.value));
  }
  for (const Node& process : experiment.resolved.find("drift")->items()) {
    out = combined_hash(out, component_structure("drift", process));
  }
  return combined_hash(out, stage_structure(experiment.resolved.find("stages")->items()[stage]));
}

}  // namespace tightrope
