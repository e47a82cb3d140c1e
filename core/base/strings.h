// SPDX-License-Identifier: Apache-2.0
// String helpers for messages: the nearest known name, joining, quoting.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tightrope {

// Levenshtein distance (insert, delete, substitute, swap of neighbours each cost 1).
int edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `name`, or nothing when the best is further than max(2, length / 3).
std::optional<std::string> nearest(std::string_view name, std::span<const std::string> candidates);

std::string join(std::span<const std::string> parts, std::string_view separator);

std::vector<std::string> split(std::string_view text, char separator);

std::string_view trim(std::string_view text);

// A cell of a CSV table by RFC 4180: in quotes where the text needs them.
std::string csv_cell(std::string_view text);

// The shortest decimal text that reads back as the same double ("0.1", "1e-05", "nan", "inf").
std::string number_text(double value);

}  // namespace tightrope
