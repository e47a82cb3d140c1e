// SPDX-License-Identifier: Apache-2.0
#include "core/config/override.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/strings.h"

namespace tightrope {
namespace {

// The index of the stage of that name, or the number of stages.
std::size_t stage_index(const Node* stages, std::string_view name) {
  if (stages == nullptr) return 0;
  const std::vector<Node>& items = stages->items();
  const auto found = std::find_if(items.begin(), items.end(), [&](const Node& stage) {
    const Node* own = stage.find("name");
    return own != nullptr && own->is_scalar() && own->text() == name;
  });
  return static_cast<std::size_t>(found - items.begin());
}

std::vector<std::string> first_segments(const Node& experiment, const Node* stages,
                                        const std::vector<std::string>& known_keys) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  if (stages != nullptr) {
    for (const Node& stage : stages->items()) {
      if (const Node* name = stage.find("name"); name != nullptr && name->is_scalar()) {
        add(name->text());
      }
    }
  }
  for (const NodeEntry& entry : experiment.entries()) add(entry.key);
  for (const std::string& key : known_keys) add(key);
  return names;
}

}  // namespace

Node apply_override(const Node& experiment, const std::string& path, const Node& value,
                    Problems& problems, const std::vector<std::string>& known_keys) {
  const std::string first = path.substr(0, path.find('.'));
  const std::string rest = first.size() < path.size() ? path.substr(first.size() + 1) : "";
  const Node* stages = experiment.find("stages");
  const std::size_t stage = stage_index(stages, first);
  try {
    if (stages != nullptr && stage < stages->items().size()) {
      const std::string place = fmt::format("stages.{}", stage);
      if (!rest.empty()) return with_value(experiment, place + "." + rest, value);
      if (value.is_map()) {
        return with_value(experiment, place, merged(stages->items()[stage], value));
      }
      problems.add(value.mark(), path,
                   "this is a stage; expected a mapping of its keys, got " + shown(value));
      return experiment;
    }
    const bool known = experiment.find(first) != nullptr ||
                       std::find(known_keys.begin(), known_keys.end(), first) != known_keys.end();
    if (known) return with_value(experiment, path, value);
  } catch (const InputError& error) {
    problems.add(value.mark(), "", error.what());
    return experiment;
  }
  const std::vector<std::string> names = first_segments(experiment, stages, known_keys);
  const std::string hint = did_you_mean(first, names);
  problems.add(value.mark(), path,
               fmt::format("{} is neither a stage nor a key of the experiment{} known: {}",
                           shown_text(first), hint.empty() ? ";" : hint, join(names, ", ")));
  return experiment;
}

}  // namespace tightrope
