// SPDX-License-Identifier: Apache-2.0
#include "experiments/describe.h"

#include <fmt/format.h>

#include "core/base/check.h"
#include "core/base/strings.h"

namespace tightrope {
namespace {

std::string allowed_text(const FieldInfo& field) {
  std::string out = field.type;
  if (!field.options.choices.empty()) {
    out += ": " + join(field.options.choices, " | ");
  } else if (field.options.range.text() != "any" && !field.options.unit.empty()) {
    out += " " + field.options.range.text();
  }
  if (!field.options.unit.empty() && field.options.unit != "1")
    out += " [" + field.options.unit + "]";
  if (field.options.required) out += ", required";
  if (field.options.per_lane) out += ", per lane";
  return out;
}

}  // namespace

ComponentInfo find_component(const std::string& kind, const std::string& name) {
  std::vector<std::string> kinds, names;
  for (const ComponentInfo& info : all_components()) {
    if (kinds.empty() || kinds.back() != info.kind) kinds.push_back(info.kind);
    if (info.kind != kind) continue;
    if (info.name == name) return info;
    names.push_back(info.name);
  }
  const bool known_kind = !names.empty();
  const std::vector<std::string>& known = known_kind ? names : kinds;
  const auto near = nearest(known_kind ? name : kind, known);
  throw InputError(fmt::format(
      "unknown {} \"{}\"{}; known: {}", known_kind ? kind : "kind", known_kind ? name : kind,
      near ? fmt::format("; did you mean \"{}\"?", *near) : "", join(known, ", ")));
}

std::string describe_yaml(const ComponentInfo& info) {
  std::string out = fmt::format("# {} {}: {}\n# source: {}  ({})\ntype: {}\n", info.kind, info.name,
                                info.summary, info.citation, info.file, info.name);
  for (const FieldInfo& field : info.fields) {
    const std::string value = field.options.required ? "# required" : field.default_text;
    out += fmt::format("{:<32} # {} ({})\n", field.name + ": " + value, field.options.help,
                       allowed_text(field));
  }
  return out;
}

std::string reference_page(const ComponentInfo& info) {
  std::string out = fmt::format("# {} `{}`\n\n{}.\n\nSource: {}. Code: `{}`.\n\n", info.kind,
                                info.name, info.summary, info.citation, info.file);
  if (info.fields.empty()) return out + "It has no settings.\n";
  out += "| key | default | allowed | meaning |\n|---|---|---|---|\n";
  for (const FieldInfo& field : info.fields) {
    std::string allowed = allowed_text(field);
    for (std::size_t at = 0; (at = allowed.find('|', at)) != std::string::npos; at += 2) {
      allowed.insert(at, "\\");
    }
    out += fmt::format("| `{}` | {} | {} | {} |\n", field.name,
                       field.options.required ? "-" : "`" + field.default_text + "`", allowed,
                       field.options.help);
  }
  return out;
}

}  // namespace tightrope
