// SPDX-License-Identifier: Apache-2.0
#include "core/config/schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/strings.h"

namespace tightrope::internal {
namespace {

bool is_number_type(const std::string& type) {
  return type.find("number") != std::string::npos || type.find("integer") != std::string::npos;
}

// "beta (number > 0, nat, default 0.1)": a field in the list of known keys.
std::string known_field(const FieldInfo& info) {
  const FieldOptions& options = info.options;
  std::string text = info.type;
  if (!options.choices.empty()) text = join(options.choices, " | ");
  if (options.range.text() != "any") text += " " + options.range.text();
  if (!options.unit.empty() && options.unit != "1") text += ", " + options.unit;
  text += options.required ? ", required" : ", default " + info.default_text;
  return fmt::format("{} ({})", info.name, text);
}

bool listed(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void report_unknown_key(const std::vector<FieldInfo>& fields, const NodeEntry& entry,
                        const std::string& path, const std::vector<std::string>& ignored,
                        Problems& problems) {
  std::vector<std::string> names = ignored;
  std::vector<std::string> known;
  for (const std::string& key : ignored) known.push_back(key + " (which component)");
  if (!ignored.empty() && ignored != std::vector<std::string>{"type"}) known = ignored;
  for (const FieldInfo& info : fields) {
    names.push_back(info.name);
    known.push_back(known_field(info));
  }
  const std::string hint = did_you_mean(entry.key, names);
  problems.add(
      entry.key_mark, joined_path(path, entry.key),
      fmt::format("unknown key{}{} {}", hint.empty() ? ";" : hint,
                  known.empty() ? " no keys are allowed here" : " known keys:", join(known, ", ")));
}

}  // namespace

std::vector<std::string> field_defects(const std::vector<FieldInfo>& earlier, const FieldInfo& info,
                                       const Problems& default_problems) {
  std::vector<std::string> defects;
  const auto add = [&](const std::string& text) {
    defects.push_back(fmt::format("field \"{}\": {}", info.name, text));
  };
  if (info.name.empty()) add("the name is empty");
  if (info.options.help.empty()) add("the help is empty");
  if (is_number_type(info.type) && info.options.unit.empty()) {
    add("the unit is missing (\"1\" for dimensionless)");
  }
  for (const FieldInfo& other : earlier) {
    if (other.name == info.name) add("declared twice");
  }
  for (const std::string& problem : default_problems.lines()) add("its own default: " + problem);
  return defects;
}

void read_fields(
    const std::vector<FieldInfo>& fields, const Node& node, const std::string& path,
    const std::vector<std::string>& ignored, Problems& problems,
    const std::function<void(std::size_t, const Node&, const std::string&)>& read_field) {
  if (!node.is_map() && !node.is_null()) {
    problems.add(node.mark(), path, "expected a mapping of keys to values, got " + shown(node));
    return;
  }
  std::vector<bool> seen(fields.size(), false);
  for (const NodeEntry& entry : node.entries()) {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const FieldInfo& info) { return info.name == entry.key; });
    if (found != fields.end()) {
      const std::size_t index = static_cast<std::size_t>(found - fields.begin());
      if (found->options.required && entry.value.is_null()) continue;  // as good as missing
      seen[index] = true;
      read_field(index, entry.value, joined_path(path, entry.key));
    } else if (!listed(ignored, entry.key)) {
      report_unknown_key(fields, entry, path, ignored, problems);
    }
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (seen[i] || !fields[i].options.required) continue;
    problems.add(
        node.mark(), joined_path(path, fields[i].name),
        fmt::format("missing; expected {}: {}", expected_text(fields[i].type, fields[i].options),
                    fields[i].options.help));
  }
}

Node named_values(const std::vector<FieldInfo>& fields, std::vector<Node> values) {
  std::vector<NodeEntry> entries;
  entries.reserve(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    entries.push_back({fields[i].name, {}, std::move(values[i])});
  }
  return Node::map(std::move(entries));
}

}  // namespace tightrope::internal
