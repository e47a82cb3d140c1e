// SPDX-License-Identifier: Apache-2.0
#include "analysis/detection/detector_choice.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "analysis/detection/text_table.h"
#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/config/field_types.h"
#include "core/config/yaml.h"
#include "core/log/files.h"

namespace tightrope {
namespace {

// Numbers as texts: JSON knows no infinity.
std::vector<std::string> texts(const std::vector<double>& values) {
  std::vector<std::string> out;
  out.reserve(values.size());
  for (const double value : values) out.push_back(number_text(value));
  return out;
}

const ComponentInfo* info_of(const std::vector<ComponentInfo>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const ComponentInfo& info) {
    return info.kind == InterfaceName<DetectorModel>::value && info.name == name;
  });
  return found == all.end() ? nullptr : &*found;
}

void require_detector(const std::string& name) {
  const std::vector<std::string> names = Registry<DetectorModel>::get().names();
  TR_REQUIRE(std::ranges::find(names, name) != names.end(), "unknown detector \"{}\"{}; known: {}",
             name, did_you_mean(name, names), join(names, ", "));
}

}  // namespace

std::vector<std::string> without_river(const std::string& name, std::vector<std::string> sets,
                                       std::string& note) {
  note.clear();
  const std::vector<ComponentInfo> all = all_components();
  const ComponentInfo* info = info_of(all, name);
  if (info == nullptr) return sets;
  std::string text = "has no dialects; its one form is used";
  for (const FieldInfo& field : info->fields) {
    if (field.name != "dialect") continue;
    const auto& known = field.options.choices;
    if (std::find(known.begin(), known.end(), "river") != known.end()) return sets;
    text = fmt::format("river has none; the {}'s form is used", field.default_text);
  }
  if (std::erase(sets, "dialect=river") > 0) note = fmt::format("{}: {}", name, text);
  return sets;
}

Node detector_node(const std::string& name, const std::vector<std::string>& sets) {
  require_detector(name);
  std::vector<NodeEntry> entries{{"type", {}, Node::scalar(name)}};
  for (const std::string& set : sets) {
    const std::size_t equals = set.find('=');
    TR_REQUIRE(equals != std::string::npos && equals > 0, "--set {}: must be option=value", set);
    const std::string key = set.substr(0, equals);
    TR_REQUIRE(key != "type", "--set {}: the detector is named by the command's argument", set);
    const Node value = parse_value(std::string_view(set).substr(equals + 1), "--set " + set);
    std::erase_if(entries, [&](const NodeEntry& entry) { return entry.key == key; });
    entries.push_back({key, value.mark(), value});
  }
  return Node::map(std::move(entries));
}

std::shared_ptr<const DetectorModel> detector_model(const Node& node) {
  Problems problems;
  auto model = Registry<DetectorModel>::get().build(node, "", problems);
  problems.throw_if_any();
  return model;
}

std::string detector_text(const Node& node) {
  Problems problems;
  const Node resolved = Registry<DetectorModel>::get().resolve(node, "", problems);
  problems.throw_if_any();
  return to_json(resolved);
}

std::string detector_names() { return join(Registry<DetectorModel>::get().names(), ", "); }

std::string detector_help(const std::string& name) {
  const std::vector<ComponentInfo> all = all_components();
  if (const ComponentInfo* info = info_of(all, name)) {
    std::string out = fmt::format("{}: {} ({})\n", name, info->summary, info->citation);
    for (const FieldInfo& field : info->fields) {
      const std::string allowed = expected_text(field.type, field.options);
      out += fmt::format("  --set {:<32} {}; {}\n", field.name + "=" + field.default_text,
                         field.options.help, allowed);
    }
    return out;
  }
  require_detector(name);
  return "";
}

void save_detector(const std::string& path, const Node& node, const Detector& detector) {
  const nlohmann::ordered_json state = {
      {"detector", nlohmann::ordered_json::parse(detector_text(node))},
      {"state", texts(detector.save())}};
  try {
    replace_file(path, state.dump() + "\n");
  } catch (const IoError& error) {
    throw IoError(fmt::format("--save-state {}: {}", path, error.what()));
  }
}

void load_detector(const std::string& path, const Node& node, Detector& detector) {
  std::ifstream file(path);
  TR_REQUIRE(file.good(), "--load-state {}: cannot read it", path);
  const auto state = nlohmann::ordered_json::parse(file, nullptr, false);
  const bool shaped = state.is_object() && state.contains("detector") && state.contains("state") &&
                      state["state"].is_array();
  TR_REQUIRE(shaped, "--load-state {}: is not a state that --save-state wrote", path);
  const std::string wanted = nlohmann::ordered_json::parse(detector_text(node)).dump();
  TR_REQUIRE(state["detector"].dump() == wanted, "--load-state {}: is of {}, not of {}", path,
             state["detector"].dump(), wanted);
  std::vector<double> values;
  for (const auto& text : state["state"]) {
    const auto value = text.is_string() ? parse_number(text.get<std::string>()) : std::nullopt;
    TR_REQUIRE(value, "--load-state {}: {} is not a number", path, text.dump());
    values.push_back(*value);
  }
  try {
    detector.load(values);
  } catch (const InputError& error) {
    throw InputError(fmt::format("--load-state {}: {}", path, error.what()));
  }
}

}  // namespace tightrope
