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

std::string without(const Node& node, const Fields& dropped) {
  std::string out;
  for (const NodeEntry& entry : node.entries()) {
    if (dropped.count(entry.key) == 0) out += entry.key + remembered_json(entry.value);
  }
  return out;
}

std::string component_structure(const std::string& kind, const Node& node) {
  const Node* type = node.find("type");
  if (type == nullptr) return remembered_json(node);
  const auto found = per_lane_fields().find({kind, type->text()});
  return without(node, found == per_lane_fields().end() ? Fields() : found->second);
}

std::string stage_structure(const Node& stage) {
  Fields dropped = {"optimizer", "expert", "stepper"};
  static const Schema<StageParams> schema = StageParams::schema();
  for (const FieldInfo& field : schema.fields()) {
    if (field.options.per_lane) dropped.insert(field.name);
  }
  std::string out = without(stage, dropped);
  for (const char* kind : {"optimizer", "expert", "stepper"}) {
    const Node* node = stage.find(kind);
    if (node != nullptr) out += component_structure(kind, *node);
  }
  return out;
}

}  // namespace

std::uint64_t structure_hash(const Experiment& experiment, std::size_t stage) {
  std::string text = std::to_string(stage) + ":" + std::to_string(experiment.stage_start(stage)) +
                     ":" + std::to_string(experiment.horizon());  // the drift log spans it
  for (const NodeEntry& entry : experiment.resolved.entries()) {
    if (entry.key == "stages" || entry.key == "drift") continue;
    text += entry.key;
    text += entry.key == "world" || entry.key == "policy"
                ? component_structure(entry.key, entry.value)
                : remembered_json(entry.value);
  }
  for (const Node& process : experiment.resolved.find("drift")->items()) {
    text += component_structure("drift", process);
  }
  return hash64(text + stage_structure(experiment.resolved.find("stages")->items()[stage]));
}

}  // namespace tightrope
