// SPDX-License-Identifier: Apache-2.0
// What a text must be before it reaches the YAML parser, and where its lines begin.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/node.h"
#include "core/config/problems.h"

namespace tightrope::internal {

// Positions in one text; columns count characters (UTF-8 code points), not bytes.
class SourceText {
 public:
  // With `positions` false (a command-line value) every mark is the name alone.
  SourceText(std::string_view text, std::string name, bool positions);

  std::string_view text() const { return text_; }
  Mark mark_at(std::size_t offset) const;
  // From 0-based line and byte column as yaml-cpp counts them.
  Mark mark_at(int line, int byte_column) const;
  std::string_view line_text(int line) const;  // 0-based; empty past the end

 private:
  std::string_view text_;
  std::shared_ptr<const std::string> name_;
  bool positions_;
  std::vector<std::size_t> line_begin_;
};

// Adds the first reason why the text cannot be read at all: too large, not UTF-8, binary, control
// characters; or every line (at most 20) that is indented by a tab.
void check_text(const SourceText& source, Problems& problems);

inline constexpr std::size_t kLargestText = std::size_t{16} << 20;

}  // namespace tightrope::internal
