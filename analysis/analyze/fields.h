// SPDX-License-Identifier: Apache-2.0
// The values of an analysis file's variables for a few neighbouring segments, while they are made.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/log/schema.h"

namespace tightrope {

// One variable, [segment, ...] in row-major order; NaN where nothing is put.
class Field {
 public:
  explicit Field(LogShape shape);

  // The value at the indices of the leading axes; the rest of the row lies behind it.
  template <class... Index>
  double& operator()(Index... index) {
    return values_[offset({static_cast<std::size_t>(index)...})];
  }
  const LogShape& shape() const { return shape_; }
  std::span<const double> values() const { return values_; }

 private:
  std::size_t offset(std::initializer_list<std::size_t> index) const {
    std::size_t at = 0, axis = 0;
    for (const std::size_t i : index) at += i * strides_[axis++];
    return at;
  }
  LogShape shape_;
  std::vector<std::size_t> strides_;
  std::vector<double> values_;
};

// Every float64 variable of a schema that has `segment` in front, by "group/name".
class FieldSet {
 public:
  FieldSet(const LogSchema& schema, std::size_t segments);
  bool has(const std::string& name) const { return fields_.count(name) > 0; }
  Field& operator[](const std::string& name);
  const std::map<std::string, Field>& all() const { return fields_; }
  std::size_t segments() const { return segments_; }
  std::size_t bytes() const;

 private:
  std::size_t segments_;
  std::map<std::string, Field> fields_;
};

}  // namespace tightrope
