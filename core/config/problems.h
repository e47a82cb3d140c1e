// SPDX-License-Identifier: Apache-2.0
// Collects everything that is wrong with a configuration, so that it is reported together.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/config/node.h"

namespace tightrope {

// All problems of a configuration, one per line: "file:line:column: path: text".
class ConfigError : public InputError {
 public:
  explicit ConfigError(const std::vector<std::string>& lines);
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

// "a.b" from "a" and "b"; either may be empty.
std::string joined_path(const std::string& path, const std::string& key);

// What stands there, for messages: -1, "fast", the text "7" (remove the quotes), a list, nothing.
std::string shown(const Node& node);

// At most 60 characters of the text in double quotes, control characters escaped.
std::string shown_text(std::string_view text);

// `; did you mean "sudden"?` for a near enough candidate, else an empty string.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

class Problems {
 public:
  // `path` is the dotted path of keys from the root ("stages.0.optimizer.beta"), may be empty.
  void add(const Mark& mark, const std::string& path, const std::string& text);
  bool empty() const { return lines_.empty(); }
  std::size_t size() const { return lines_.size(); }
  const std::vector<std::string>& lines() const { return lines_; }
  // Throws ConfigError when there is at least one problem.
  void throw_if_any() const;

 private:
  std::vector<std::string> lines_;
};

}  // namespace tightrope
