// SPDX-License-Identifier: Apache-2.0
// Strict YAML: exactly one document, no duplicate keys, no merge keys, no tags, no tabs as
// indentation, at most 16 MiB, 200,000 nodes and depth 64 after aliases are expanded; a looping or
// exploding alias is an error, not a hang. Numbers and booleans are kept as text and judged by the
// schema that reads them. Throws ConfigError (file:line:column and the reason).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/config/node.h"

namespace tightrope {

// Parses text; `name` stands for the file in messages.
Node parse_yaml(std::string_view text, const std::string& name);

// Loads a file. `include: other.yaml` (or a list) in any mapping is resolved here: included trees
// are merged in order, then the rest of the mapping over them; paths are relative to the including
// file; loops are errors; positions keep the file they come from.
Node load_yaml(const std::filesystem::path& path);

// Parses the right-hand side of `--set a.b=VALUE` (any YAML value).
Node parse_value(std::string_view text, const std::string& origin);

}  // namespace tightrope
