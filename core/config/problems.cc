// SPDX-License-Identifier: Apache-2.0
#include "core/config/problems.h"

#include <fmt/format.h>

#include "core/base/strings.h"

namespace tightrope {

ConfigError::ConfigError(const std::vector<std::string>& lines)
    : InputError(join(lines, "\n")), lines_(lines) {}

std::string joined_path(const std::string& path, const std::string& key) {
  if (path.empty() || key.empty()) return path + key;
  return path + "." + key;
}

std::string shown_text(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  const bool cut = text.size() > kLongest;
  if (cut) {
    text = text.substr(0, kLongest);
    // Not in the middle of a UTF-8 sequence: step back to its first byte, then drop it.
    std::size_t end = text.size();
    while (end > 0 && (static_cast<unsigned char>(text[end - 1]) & 0xc0) == 0x80) --end;
    if (end > 0 && static_cast<unsigned char>(text[end - 1]) >= 0xc0)
      text = text.substr(0, end - 1);
  }
  return yaml_text(text, true) + (cut ? "..." : "");
}

std::string shown(const Node& node) {
  if (!node.is_scalar()) return node.kind_name();
  if (node.as_number() || node.as_boolean()) return node.text();
  const Node plain = Node::scalar(node.text());
  if (node.quoted() && (plain.as_number() || plain.as_boolean())) {
    return "the text " + shown_text(node.text()) + " (remove the quotes)";
  }
  return shown_text(node.text());
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  constexpr std::size_t kLongest = 64;
  if (name.empty() || name.size() > kLongest) return "";
  const std::optional<std::string> found = nearest(name, candidates);
  // A candidate that shares no letter is no help.
  if (!found || edit_distance(name, *found) >= static_cast<int>(name.size())) return "";
  return fmt::format("; did you mean \"{}\"?", *found);
}

void Problems::add(const Mark& mark, const std::string& path, const std::string& text) {
  std::string line = mark.text();
  if (!line.empty()) line += ": ";
  if (!path.empty()) line += path + ": ";
  lines_.push_back(line + text);
}

void Problems::throw_if_any() const {
  if (!lines_.empty()) throw ConfigError(lines_);
}

}  // namespace tightrope
