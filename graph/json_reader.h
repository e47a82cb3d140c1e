// SPDX-License-Identifier: Apache-2.0
// Strict reading of JSON input: every failure is an InputError that names path, value and rule.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/config/schema.h"

namespace tightrope {

// A place in a JSON document. A view: the document must outlive it.
class JsonPlace {
 public:
  explicit JsonPlace(const nlohmann::json& value, std::string path = "")
      : value_(value), path_(std::move(path)) {}

  const nlohmann::json& value() const { return value_; }
  const std::string& path() const { return path_; }

  // Throws InputError "path: text".
  [[noreturn]] void fail(const std::string& text) const;
  // An object whose keys are all known; the first unknown one fails with the nearest known name.
  void require_keys(const std::vector<std::string>& known) const;
  bool has(const std::string& key) const;
  JsonPlace at(const std::string& key) const;                   // fails when the key is missing
  std::vector<JsonPlace> items(const std::string& what) const;  // fails unless a list

  int integer(int low, int high) const;
  double number(const Range& range) const;
  std::string choice(const std::vector<std::string>& allowed) const;
  std::string text() const;
  // A nested list of exactly that shape, flattened row-major.
  std::vector<double> numbers(const std::vector<int>& shape, const Range& range) const;

 private:
  void append_numbers(const std::vector<int>& shape, std::size_t axis, const Range& range,
                      std::vector<double>& out) const;
  std::string shown() const;

  const nlohmann::json& value_;
  std::string path_;
};

}  // namespace tightrope
