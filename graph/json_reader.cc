// SPDX-License-Identifier: Apache-2.0
#include "graph/json_reader.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/config/problems.h"

namespace tightrope {

std::string JsonPlace::shown() const {
  if (value_.is_object()) return "an object";
  if (value_.is_array()) return fmt::format("a list of {}", value_.size());
  const std::string text = value_.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

void JsonPlace::fail(const std::string& text) const {
  throw InputError(fmt::format("{}: {}", path_.empty() ? "the document" : path_, text));
}

void JsonPlace::require_keys(const std::vector<std::string>& known) const {
  if (!value_.is_object()) {
    fail(fmt::format("{}, must be an object of {}", shown(), join(known, ", ")));
  }
  for (const auto& [key, unused] : value_.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    fail(fmt::format("unknown key {}{}; known: {}", shown_text(key), did_you_mean(key, known),
                     join(known, ", ")));
  }
}

bool JsonPlace::has(const std::string& key) const {
  return value_.is_object() && value_.contains(key);
}

JsonPlace JsonPlace::at(const std::string& key) const {
  if (!has(key)) fail(fmt::format("the key {} is missing", key));
  return JsonPlace(value_.at(key), joined_path(path_, key));
}

std::vector<JsonPlace> JsonPlace::items(const std::string& what) const {
  if (!value_.is_array()) fail(fmt::format("{}, must be a list of {}", shown(), what));
  std::vector<JsonPlace> out;
  for (std::size_t i = 0; i < value_.size(); ++i) {
    out.emplace_back(value_[i], joined_path(path_, std::to_string(i)));
  }
  return out;
}

int JsonPlace::integer(int low, int high) const {
  const bool whole = value_.is_number_integer() &&
                     (!value_.is_number_unsigned() ||
                      value_.get<std::uint64_t>() <= static_cast<std::uint64_t>(high));
  if (!whole || value_.get<std::int64_t>() < low || value_.get<std::int64_t>() > high) {
    fail(fmt::format("{}, must be an integer in [{}, {}]", shown(), low, high));
  }
  return value_.get<int>();
}

double JsonPlace::number(const Range& range) const {
  const double number = value_.is_number() ? value_.get<double>() : NAN;
  if (!std::isfinite(number) || !range.contains(number)) {
    fail(fmt::format("{}, must be a finite number, {}", shown(), range.text()));
  }
  return number;
}

std::string JsonPlace::text() const {
  if (!value_.is_string()) fail(fmt::format("{}, must be a text", shown()));
  return value_.get<std::string>();
}

std::string JsonPlace::choice(const std::vector<std::string>& allowed) const {
  const std::string name = text();
  if (std::find(allowed.begin(), allowed.end(), name) == allowed.end()) {
    fail(fmt::format("{}{}; allowed: {}", shown_text(name), did_you_mean(name, allowed),
                     join(allowed, ", ")));
  }
  return name;
}

std::vector<double> JsonPlace::numbers(const std::vector<int>& shape, const Range& range) const {
  std::vector<double> out;
  append_numbers(shape, 0, range, out);
  return out;
}

void JsonPlace::append_numbers(const std::vector<int>& shape, std::size_t axis, const Range& range,
                               std::vector<double>& out) const {
  if (axis == shape.size()) {
    out.push_back(number(range));
    return;
  }
  if (!value_.is_array() || static_cast<int>(value_.size()) != shape[axis]) {
    fail(fmt::format("{}, must be a list of {}", shown(), shape[axis]));
  }
  for (const JsonPlace& item : items("numbers")) item.append_numbers(shape, axis + 1, range, out);
}

}  // namespace tightrope
